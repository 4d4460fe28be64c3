// A model field: a native select in groups, what is known of the chosen model, Get with its progress, and, in the full
// one, all models side by side. Names of models reach the page through textContent only.
const words = props.words;
const field = element.querySelector('.model-field');
/** @type {(selector: string) => any} */
const part = (selector) => field.querySelector(selector);
const [select, typed, problem, chosenBox] = [part('select'), part('.typed'), part('.problem'), part('.chosen')];
const [advice, busy, all] = [part('.advice'), part('.busy'), part('.all-models')];
const TYPED = '/'; // no model's name
const PATIENCE_MS = 15000; // until an unanswered choice gives way to what the server says
let shape = '';
let drawn = '';
const rows = {}; // model -> the row of what is being got
let pending = null; // {name, until, answer}: chosen here, not answered yet; the answer before it

function fill(sentence, model) {
  return sentence.replace('{model}', model);
}

function button(className, text, act, label = text) {
  const node = make('button', className, text, { type: 'button', 'aria-label': label });
  node.onclick = act;
  return node;
}

function choose(name) {
  pending = { name, until: Date.now() + PATIENCE_MS, answer: props.value };
  setTimeout(draw, PATIENCE_MS + 100);
  trigger('choose', { model: name });
  draw();
}

function find(name) {
  for (const group of (props.value || {}).groups || []) {
    const found = group.models.find((m) => m.name === name);
    if (found) return found;
  }
  return null;
}

// ---- the select ----

function buildSelect(groups) {
  select.replaceChildren(...groups.map((group) => {
    const box = make('optgroup', '', null, { label: group.title });
    box.append(...group.models.map((m) => {
      const option = make('option', '', props.full || m.get ? m.option : m.name, { value: m.name });
      option.disabled = group.off;
      return option;
    }));
    if (group.name === 'hub' && props.full && !group.off) box.append(make('option', '', words.another, { value: TYPED }));
    return box;
  }));
}

select.onchange = () => {
  if (select.value === TYPED) { askId(); return; }
  typed.hidden = true;
  choose(select.value);
};

function askId() {
  const input = make('input', '', null, { type: 'text', autocomplete: 'off', spellcheck: 'false' });
  const label = make('label', '', null);
  label.append(make('span', '', words.id), input);
  const use = () => { if (input.value.trim()) choose(input.value.trim()); };
  input.onkeydown = (event) => { if (event.key === 'Enter') { event.preventDefault(); use(); } };
  typed.replaceChildren(label, button('plain', words.idUse, use));
  typed.hidden = false;
  input.focus();
}

// ---- what is known of a model ----

function facts(model) {
  const list = make('dl', 'facts');
  list.append(...model.facts.map(([name, title, said]) => {
    const pair = make('div', name);
    pair.append(make('dt', '', title), make('dd', '', said));
    return pair;
  }));
  return list;
}

function said(model) {
  const lines = model.standing.map((line, i) => make('p', i ? 'hint' : 'standing', line));
  if (model.unknown) lines.push(make('p', 'hint', model.unknown));
  if (model.failed) lines.push(make('p', 'mind', model.failed));
  return lines;
}

function busyWith(name) {
  const value = props.value || {};
  return (value.getting || []).some((g) => g.model === name);
}

function acts(model) {
  const bar = make('div', 'acts');
  if (model.get && !busyWith(model.name)) bar.append(button('confirm', model.get, () => trigger('get', { model: model.name })));
  if (model.hear && props.full && !(props.value || {}).hearing) {
    bar.append(button('plain outlined', model.hear, () => trigger('hear', { model: model.name }), `${model.name}: ${model.hear}`));
  }
  return bar;
}

function about(model) {
  const parts = props.full ? [facts(model), make('p', 'good', model.good), ...said(model)] : [];
  if (!props.full && model.failed) parts.push(make('p', 'mind', model.failed));
  const bar = acts(model);
  return bar.childElementCount ? [...parts, bar] : parts;
}

function card(model, chosen) {
  const item = make('li', model.name === chosen ? 'card-of now' : 'card-of');
  const head = make('div', 'head');
  head.append(make('b', '', model.name));
  if (model.name === chosen) head.append(make('span', 'chip', words.inUse, { 'data-is': 'confirmed' }));
  else head.append(button('plain outlined', words.use, () => choose(model.name), fill(words.useLong, model.name)));
  const short = model.facts.map(([, , text]) => text).join(' · ');
  item.append(head, make('p', 'hint', short), make('p', 'good', model.good), ...said(model));
  const bar = acts(model);
  if (bar.childElementCount) item.append(bar);
  return item;
}

function drawAll(groups, chosen) {
  const body = all.querySelector('.body');
  all.hidden = !props.full || !groups.length || !groups[0].name;
  if (all.hidden) return;
  all.querySelector('summary').textContent = words.all;
  body.replaceChildren(...groups.filter((g) => g.name !== 'runs').map((group) => {
    const section = make('section', 'group', null, { 'aria-label': group.title });
    const list = make('ul', '', null, { role: 'list' });
    list.append(...group.models.map((m) => card(m, chosen)));
    if (group.off) list.querySelectorAll('button').forEach((b) => { b.disabled = true; });
    section.append(make('h4', '', group.title), list);
    return section;
  }));
}

// ---- what goes on: patched in place, so that Stop can be pressed while the figures change ----

function row(key, label, stopText, stopLabel, act) {
  if (rows[key]) return rows[key];
  const node = make('div', 'job');
  const bar = make('div', 'bar', null, { role: 'progressbar', 'aria-label': label, 'aria-valuemin': '0', 'aria-valuemax': '100' });
  const fillOf = make('i', '');
  bar.append(fillOf);
  const line = make('p', 'hint');
  const stop = button('plain outlined', stopText, act, stopLabel);
  const foot = make('div', 'foot');
  foot.append(line, stop);
  node.append(bar, foot);
  rows[key] = { node, bar, fillOf, line, stop };
  return rows[key];
}

function drawBusy(value) {
  // Beside the button that drafts only what concerns the model chosen there.
  const shown = (value.getting || []).filter((g) => props.full || g.model === value.chosen);
  const wanted = shown.map((g) => [`get ${g.model}`, g, row(`get ${g.model}`, fill(words.progress, g.model),
    words.stop, fill(words.stopLong, g.model), () => trigger('stop', { model: g.model }))]);
  if (value.hearing) {
    wanted.push(['hear', value.hearing, row('hear', words.hearing, words.rest, words.rest, () => trigger('rest', {}))]);
  }
  const keys = wanted.map(([key]) => key);
  for (const key of Object.keys(rows)) if (!keys.includes(key)) { rows[key].node.remove(); delete rows[key]; }
  for (const [, what, parts] of wanted) {
    if (!parts.node.isConnected) busy.append(parts.node);
    const share = what.share === null ? null : Math.round(100 * what.share);
    parts.bar.classList.toggle('unknown', share === null);
    if (share === null) parts.bar.removeAttribute('aria-valuenow');
    else parts.bar.setAttribute('aria-valuenow', String(share));
    parts.fillOf.style.width = `${share === null ? 100 : share}%`;
    if (parts.line.textContent !== what.text) parts.line.textContent = what.text;
    parts.stop.disabled = Boolean(what.stopping);
  }
  busy.hidden = !wanted.length;
}

function drawAdvice(value) {
  advice.hidden = !value.advice;
  if (!value.advice) { advice.replaceChildren(); return; }
  const { text, model, get, failed } = value.advice;
  const parts = [make('p', '', text)];
  if (failed) parts.push(make('p', '', failed));
  parts.push(button('confirm', get, () => trigger('get', { model })));
  advice.replaceChildren(...parts);
}

function draw() {
  const value = props.value || {}, groups = value.groups || [];
  const refused = pending && value.problem && props.value !== pending.answer;
  if (pending && (value.chosen === pending.name || refused || Date.now() > pending.until)) {
    if (value.chosen === pending.name) typed.hidden = true;
    pending = null;
  }
  const options = JSON.stringify(groups.map((g) => [g.title, g.off, g.models.map((m) => [m.name, m.option])]));
  if (options !== shape) { shape = options; buildSelect(groups); }
  const chosen = pending ? pending.name : value.chosen;
  const asking = !typed.hidden && select.value === TYPED;
  if (!asking && chosen !== undefined && select.value !== chosen) select.value = chosen;
  problem.hidden = !value.problem;
  problem.textContent = value.problem || '';
  drawBusy(value);
  const what = JSON.stringify([chosen, value.chosen, groups, value.advice, Boolean(value.hearing), (value.getting || []).map((g) => g.model)]);
  if (what === drawn) return; // figures of progress alone have changed; whoever reads or stands here is left alone
  drawn = what;
  const active = field.contains(document.activeElement) ? document.activeElement?.getAttribute('aria-label') : null;
  const place = active ? [chosenBox, advice, all].find((box) => box.contains(document.activeElement)) : null;
  const model = find(chosen);
  chosenBox.replaceChildren(...(model ? about(model) : []));
  drawAdvice(value);
  drawAll(groups, chosen);
  if (place) {
    const same = [...place.querySelectorAll('button')].find((b) => b.getAttribute('aria-label') === active);
    (same || (place === all ? all.querySelector('summary') : select)).focus();
  }
}
draw();
watch('value', draw);
