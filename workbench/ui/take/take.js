// What a comparison ends with. Names and sentences reach the page through textContent only; what goes on is patched in
// place, so that Stop can be pressed while figures change, and what is typed is left alone.
const words = props.words;
const box = element.querySelector('.take');
const rows = new Map(); // form -> its row

function button(className, text, act) {
  const node = make('button', className, text, { type: 'button' });
  node.onclick = act;
  return node;
}

// What stands between backticks is a command.
function spoken(node, text) {
  node.replaceChildren(...text.split('`').map((part, i) => (i % 2 ? make('code', '', part) : part)));
  return node;
}

function show(node, text) {
  if (node.dataset.said !== text) spoken(node, text);
  node.dataset.said = text;
  node.hidden = !text;
}

// ---- the three buttons ----

const title = make('h3', '');
const voice = button('confirm', words.voice, () => {
  /** @type {HTMLElement | null} */ (document.querySelector('#voice-open button'))?.click();
});
// The button of the drawer would shut one that is open.
voice.addEventListener('click', (event) => {
  if (document.body.classList.contains('voicing')) event.stopImmediatePropagation();
}, true);
const take = button('confirm', words.take, () => {
  open(panel.hidden);
  // It opens below the buttons, which stand at the end of the page.
  if (!panel.hidden) requestAnimationFrame(() => panel.scrollIntoView({ block: 'nearest' }));
});
const report = make('a', 'confirm', words.report, { download: '' });
const hint = make('p', 'hint', words.reportHint);
const bar = make('div', 'take-bar', null, { role: 'group' });
bar.append(voice, take, report);
const panel = make('div', 'take-panel');
panel.id = 'take-panel';
panel.hidden = true;
take.setAttribute('aria-controls', panel.id);
take.setAttribute('aria-expanded', 'false');
box.append(title, bar, hint, panel);

function open(wanted) {
  panel.hidden = !wanted;
  take.setAttribute('aria-expanded', String(wanted));
}

// ---- what goes on ----

class Job {
  constructor(what, stop) {
    this.node = make('div', 'job');
    this.bar = make('div', 'bar', null, { role: 'progressbar', 'aria-valuemin': '0', 'aria-valuemax': '100', 'aria-label': words.progress.replace('{what}', what) });
    this.fill = make('i', '');
    this.bar.append(this.fill);
    this.line = make('p', 'hint', '', { role: 'status' });
    this.stop = button('plain outlined', words.stop, stop);
    this.stop.setAttribute('aria-label', words.stopLong.replace('{what}', what));
    const foot = make('div', 'foot');
    foot.append(this.line, this.stop);
    this.node.append(this.bar, foot);
  }

  paint(busy) {
    this.node.hidden = !busy;
    if (!busy) return;
    const share = busy.share === null ? null : Math.round(100 * busy.share);
    this.bar.classList.toggle('unknown', share === null);
    if (share === null) this.bar.removeAttribute('aria-valuenow');
    else this.bar.setAttribute('aria-valuenow', String(share));
    this.fill.style.width = `${share === null ? 100 : share}%`;
    if (this.line.textContent !== busy.text) this.line.textContent = busy.text;
    this.stop.disabled = busy.stopping;
  }
}

// ---- the exports ----

class Export {
  constructor(about) {
    this.node = make('section', 'way', null, { 'aria-label': about.title });
    this.get = button('confirm', '', () => trigger('pack', { form: about.form }));
    this.link = make('a', 'confirm', '', { download: '' });
    this.ready = make('p', 'good');
    this.why = make('p', 'mind', '', { role: 'status' });
    this.job = new Job(about.title, () => trigger('rest', { form: about.form }));
    const foot = make('div', 'acts');
    foot.append(this.get, this.link);
    this.node.append(make('h4', '', about.title), make('p', 'hint', about.holds), this.ready, this.why, foot, this.job.node);
  }

  paint(about) {
    show(this.get, about.get);
    show(this.ready, about.ready ? about.ready.said : '');
    show(this.link, about.ready ? about.ready.link : '');
    if (about.ready) this.link.href = about.ready.href;
    show(this.why, about.hindrance || (about.ready ? '' : about.failed));
    this.job.paint(about.busy);
  }
}

const exports = make('div', 'ways');

function paintExports(found) {
  for (const about of found) {
    if (!rows.has(about.form)) {
      rows.set(about.form, new Export(about));
      exports.append(rows.get(about.form).node);
    }
    rows.get(about.form).paint(about);
  }
}

// ---- the hub ----

const hub = make('section', 'way', null, { 'aria-label': words.push });
const to = make('input', '', null, { type: 'text', autocomplete: 'off', spellcheck: 'false', maxlength: 200, placeholder: words.nameHint });
const named = make('label', 'named');
named.append(make('span', '', words.name), to);
const everybody = make('input', '', null, { type: 'checkbox' });
const ticked = make('label', 'ticked');
ticked.append(everybody, make('span', '', words.public));
const notPublic = make('p', 'hint');
const push = button('confirm', words.doPush, () => trigger('push', { to: to.value.trim(), public: everybody.checked }));
const pushed = make('p', 'good', '', { role: 'status' });
const whyNot = make('p', 'mind', '', { role: 'status' });
const job = new Job(words.push, () => trigger('hold', {}));
everybody.onchange = () => { push.textContent = everybody.checked ? words.doPushPublic : words.doPush; };
const pushActs = make('div', 'acts');
pushActs.append(push);
hub.append(make('h4', '', words.push), spoken(make('p', 'hint'), words.pushHint), named, ticked, notPublic, pushActs, job.node, pushed, whyNot);

function paintPush(about) {
  const may = !about.hindrance && !about.busy;
  named.hidden = ticked.hidden = pushActs.hidden = !may;
  everybody.disabled = Boolean(about.notPublic);
  if (about.notPublic && everybody.checked) { everybody.checked = false; push.textContent = words.doPush; }
  show(notPublic, may ? about.notPublic : '');
  show(pushed, about.said);
  show(whyNot, about.hindrance || about.failed);
  job.paint(about.busy);
}

// ---- texts, and the same in a terminal ----

const texts = make('section', 'way', null, { 'aria-label': words.texts });
const links = make('div', 'acts');
texts.append(make('h4', '', words.texts), links);
const terminal = make('details', 'way');
const commands = make('div', 'commands');
terminal.append(make('summary', '', words.command), commands);
const rest = make('div', 'rest');
rest.append(texts, terminal);
panel.append(exports, hub, rest);

let run = '';

function draw() {
  const value = props.value || {};
  box.hidden = !value.run;
  if (!value.run) { run = ''; return; }
  if (run !== value.run) {
    run = value.run;
    to.value = '';
    everybody.checked = false;
    push.textContent = words.doPush;
    title.textContent = words.go.replace('{run}', run);
    report.href = value.report;
    links.replaceChildren(...value.texts.map(([name, href]) => make('a', 'plain outlined', name, { href, download: '' })));
    commands.replaceChildren(...value.commands.map((line) => make('code', '', line, { tabindex: 0 })));
    open(false);
  }
  // Work that goes on is seen after a reload, too.
  if (panel.hidden && (value.push.busy || value.exports.some((about) => about.busy))) open(true);
  paintExports(value.exports);
  paintPush(value.push);
}
draw();
watch('value', draw);
