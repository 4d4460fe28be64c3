// The runs of a set. Names and notes reach the page through textContent and value only, never as HTML.
// Rows are kept by run and updated in place, so that typing, ticks and focus survive every answer of the server.
const STEP = 30;
const words = props.words;
const body = element.querySelector('tbody');
const table = element.querySelector('table');
const bin = element.querySelector('.bin');
const more = element.querySelector('button.more');
/** @type {HTMLButtonElement} */
const pair = element.querySelector('.pairing button');
const rows = new Map();
const binned = new Map(); // deleted runs' items; a click that has begun on one ends on it
let shown = STEP;

function show(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function button(className, text, act, label = text) {
  const node = make('button', className, text, { type: 'button', 'aria-label': label });
  node.onclick = act;
  return node;
}

class Row {
  constructor(run) {
    // Roles are said, as a phone shows each row as a card and a browser forgets then that this is a table.
    this.tr = make('tr', 'run-row', null, { 'data-run': run.id, role: 'row' });
    this.name = make('th', 'run-name', null, { scope: 'row', role: 'rowheader' });
    this.title = make('b', '');
    this.id = make('span', 'run-id');
    this.noted = make('span', 'run-noted');
    this.star = make('span', 'run-star', words.signs.best, { role: 'img' });
    this.what = make('span', 'run-what');
    this.facts = make('span', 'run-facts');
    this.name.append(this.star, this.title, ' ', this.id, this.what, this.facts, this.noted);
    this.cells = {};
    this.tr.append(this.name);
    for (const key of ['wer', 'verdict']) {
      this.cells[key] = make('td', `run-${key}`, null, { 'data-column': words.columns[key], role: 'cell' });
      this.tr.append(this.cells[key]);
    }
    this.tick = make('input', '', null, { type: 'checkbox' });
    this.tick.onchange = () => this.ticked();
    const pick = make('label', 'pick');
    pick.append(this.tick, make('span', '', words.pick));
    this.pick = pick;
    this.look = button('plain', words.show, () => trigger('show', { id: this.run.id }));
    this.edit = button('plain', words.edit, () => this.toggle());
    const acts = make('td', 'run-acts', null, { role: 'cell' });
    this.use = button('plain', words.signs.use, () => trigger('star', { id: this.run.id }));
    this.noLonger = button('plain', words.signs.best, () => trigger('unstar', { id: this.run.id }));
    acts.append(pick, this.use, this.noLonger, this.look, this.edit);
    this.tr.append(acts);
    this.detail = make('tr', 'run-detail', null, { role: 'row' });
    this.detail.hidden = true;
    this.build(run);
    this.update(run);
  }

  build(run) {
    const cell = make('td', '', null, { colspan: 4, role: 'cell' });
    const id = (part) => `history-${run.id}-${part}`;
    this.input = make('input', '', null, { id: id('title'), type: 'text', maxlength: 80, autocomplete: 'off' });
    this.area = make('textarea', '', null, { id: id('note'), rows: 3, maxlength: 2000 });
    this.input.oninput = this.area.oninput = () => show(this.saved, '');
    this.input.onkeydown = (event) => { if (event.key === 'Enter' && !event.isComposing) this.save(); };
    this.saved = make('span', 'hint', '', { role: 'status' });
    const keep = button('confirm', words.save, () => this.save());
    const tools = make('div', 'tools');
    this.again = button('plain', words.rerun, () => trigger('rerun', { id: this.run.id }));
    this.report = make('a', 'plain', words.report, { href: `reports/${run.id}`, download: '' });
    this.remove = button('plain danger', words.remove, () => trigger('remove', { id: this.run.id }));
    tools.append(keep, this.saved, this.report, this.again, this.remove);
    this.own = make('details', 'own');
    this.own.append(make('summary', '', words.ownReport), make('p', 'hint', words.ownReportHint));
    this.clips = make('div', 'choice');
    this.ownLink = make('a', 'plain', '', { download: '' });
    this.own.append(this.clips, this.ownLink);
    this.own.ontoggle = () => { if (this.own.open && !this.clips.childElementCount) trigger('clips', { id: this.run.id }); };
    this.command = make('code', '', '', { tabindex: 0 });
    const command = make('details', '');
    const line = make('div', 'command');
    line.append(this.command);
    command.append(make('summary', '', words.command), line);
    cell.append(
      make('label', '', words.title, { for: id('title') }), this.input,
      make('label', '', words.note, { for: id('note') }), this.area, tools, this.own, command,
    );
    this.detail.append(cell);
    this.detail.id = id('detail');
    this.edit.setAttribute('aria-controls', this.detail.id);
    this.edit.setAttribute('aria-expanded', 'false');
  }

  update(run) {
    const before = this.run;
    this.run = run;
    const name = called(run);
    show(this.title, name);
    show(this.id, run.title ? run.id : '');
    show(this.noted, run.note);
    this.noted.title = run.note;
    this.star.hidden = !run.best;
    this.star.title = run.best;
    this.star.setAttribute('aria-label', run.best);
    show(this.what, run.what);
    show(this.facts, [run.clips, run.took, when(run.when)].filter((fact) => fact !== '–').join(' · '));
    this.use.hidden = !run.usable || run.starred;
    this.noLonger.hidden = !run.starred;
    this.wer(run);
    show(this.cells.verdict, run.verdict);
    this.cells.verdict.dataset.kind = run.kind;
    if (this.input.value === (before ? before.title : '')) this.input.value = run.title;
    if (this.area.value === (before ? before.note : '')) this.area.value = run.note;
    show(this.command, run.command);
    this.pick.hidden = !run.tested;
    this.report.hidden = this.own.hidden = !run.tested;
    if (!run.tested && this.tick.checked) { this.tick.checked = false; paintPair(); }
    this.remove.hidden = run.active;
    for (const [node, label] of [[this.look, words.show], [this.edit, words.edit], [this.again, words.rerun],
      [this.report, words.report], [this.remove, words.remove], [this.use, words.use], [this.noLonger, words.noLonger]]) node.setAttribute('aria-label', `${label}: ${name}`);
    for (const [node, label] of [[this.use, words.use], [this.noLonger, words.noLonger]]) node.title = label;
    this.tick.setAttribute('aria-label', words.pickLabel.replace('{name}', name));
  }

  wer(run) {
    const cell = this.cells.wer;
    const parts = [make('span', '', run.wer)];
    if (run.change) parts.push(make('small', '', run.change));
    cell.replaceChildren(...parts);
  }

  toggle() {
    this.detail.hidden = !this.detail.hidden;
    this.edit.setAttribute('aria-expanded', String(!this.detail.hidden));
    if (!this.detail.hidden) this.input.focus();
  }

  save() {
    show(this.saved, '');
    trigger('save', { id: this.run.id, title: this.input.value, note: this.area.value });
  }

  ticked() {
    const chosen = picked();
    if (chosen.length > 2) chosen.find((row) => row !== this).tick.checked = false;
    paintPair();
  }

  offer(clips) {
    if (this.clips.childElementCount) return;
    this.clips.append(...clips.map((clip) => {
      const label = make('label', 'pick');
      const tick = make('input', '', null, { type: 'checkbox', value: clip.id });
      tick.onchange = () => this.paintOwn();
      label.append(tick, make('span', '', clip.name), ' ', make('small', '', clip.change));
      return label;
    }));
    this.paintOwn();
  }

  paintOwn() {
    const ticked = [...this.clips.querySelectorAll('input:checked')].map((tick) => tick.value);
    show(this.ownLink, words.ownReportDone.replace('{n}', ticked.length));
    this.ownLink.hidden = !ticked.length;
    this.ownLink.href = `reports/${this.run.id}?${ticked.map((id) => `clip=${id}`).join('&')}`;
  }
}

// The older run first: it stands for "before".
const picked = () => [...rows.values()].filter((row) => row.tick.checked).sort((a, b) => byAge(a.run.id, b.run.id));

function paintPair() {
  const chosen = picked();
  pair.disabled = chosen.length !== 2;
}

pair.onclick = () => {
  const [first, second] = picked().map((row) => row.run.id);
  trigger('pair', { first, second });
};

function deleted(run) {
  const li = make('li', 'deleted', null, { 'data-run': run.id });
  const name = called(run);
  const back = button('plain', words.restore, () => trigger('restore', { id: run.id }), `${words.restore}: ${name}`);
  const sure = words.eraseSure.replace('{name}', name);
  const erase = button('plain danger', words.erase, () => {
    if (window.confirm(sure)) trigger('erase', { id: run.id });
  }, `${words.erase}: ${name}`);
  li.append(make('span', '', `${name}: ${words.removed.replace('{when}', when(run.when))}`), back, erase);
  return li;
}

function drawBin(runs) {
  const wanted = new Map(runs.map((run) => [JSON.stringify(run), run]));
  for (const [what, li] of binned) if (!wanted.has(what)) {
    li.remove();
    binned.delete(what);
  }
  [...wanted].forEach(([what, run], place) => {
    if (!binned.has(what)) binned.set(what, deleted(run));
    if (bin.children[place] !== binned.get(what)) bin.insertBefore(binned.get(what), bin.children[place] || null);
  });
}

function draw() {
  const value = props.value || {};
  const runs = value.runs || [];
  const here = new Set(runs.map((run) => run.id));
  for (const [id, row] of rows) if (!here.has(id)) {
    row.tr.remove();
    row.detail.remove();
    rows.delete(id);
  }
  runs.forEach((run, place) => {
    if (rows.has(run.id)) rows.get(run.id).update(run); else rows.set(run.id, new Row(run));
    const row = rows.get(run.id);
    if (body.children[2 * place] !== row.tr) {
      body.insertBefore(row.tr, body.children[2 * place] || null);
      row.tr.after(row.detail);
    }
    row.tr.hidden = place >= shown;
    if (place >= shown) row.detail.hidden = true;
    if (run.id === value.shown) row.tr.setAttribute('aria-current', 'true'); else row.tr.removeAttribute('aria-current');
  });
  if (value.saved && rows.has(value.saved)) show(rows.get(value.saved).saved, words.saved);
  if (value.offered && rows.has(value.offered.id)) rows.get(value.offered.id).offer(value.offered.clips);
  table.hidden = !runs.length;
  element.querySelector('.nothing').hidden = !value.runs || runs.length > 0 || (value.deleted || []).length > 0;
  const tested = runs.filter((run) => run.tested).length;
  element.querySelector('.pairing').hidden = tested < 2;
  more.hidden = runs.length <= shown;
  drawBin(value.deleted || []);
  paintPair();
  drawChart();
}
more.onclick = () => { shown += STEP; draw(); };
