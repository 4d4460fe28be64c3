// The list of clips to label: a page of rows kept by clip id and updated in place, and what is done with several.
const root = element.querySelector('.clips');
const rows = new Map();
const acts = []; // what was done on this page, for the key that undoes: {ids, revision}, {ids, trim} or {restore: ids}
let current = null; // the row that had the focus last
let waiting = null; // a confirmed row without one below it: where to go is known once the server has answered
let arriving = ''; // 'first' or 'last': which row of the page that was asked for gets the focus
let finding = null; // a clip that gets the focus once it is here
let undoing = 0; // when an undo was asked for whose change the server has not answered yet
let drawn = {}; // the value that was drawn last
let moved = 0; // when what was drawn last that leads elsewhere had been asked for
let did = null; // what was done with several clips, until something else is
let gone = { at: 0 }; // what was deleted last and can be brought back: {ids, text}; as told at this time
const picked = new Set();

function say(text) {
  const node = element.querySelector('.said');
  node.textContent = '';
  setTimeout(() => { node.textContent = text; }, 50); // so that the same words are read out again
}

// What was said holds until the next thing is done.
for (const next of /** @type {const} */ (['pointerdown', 'keydown'])) {
  element.addEventListener(next, () => { element.querySelector('.said').textContent = ''; }, true);
}

function scroller() {
  for (let node = /** @type {HTMLElement | null} */ (root); node; node = node.parentElement) {
    if (/(auto|scroll)/.test(getComputedStyle(node).overflowY) && node.scrollHeight > node.clientHeight) return node;
  }
  return document.scrollingElement || document.documentElement;
}

// ---- going from row to row ----

const shownRows = () => [.../** @type {HTMLCollectionOf<HTMLElement>} */ (root.children)].map((li) => rows.get(Number(li.dataset.clip)));

function focusRow(row, play) {
  row.text.focus({ preventScroll: true });
  row.text.setSelectionRange(row.text.value.length, row.text.value.length);
  row.li.scrollIntoView({ block: 'nearest' });
  if (play && player.autoplay) player.play(row, 0);
}

function go(row, step) {
  const list = shownRows(), next = list[list.indexOf(row) + step];
  if (next) { focusRow(next, step > 0); return; }
  const page = drawn.page + step;
  if (page < 0 || page >= drawn.pages) { say(props.words.saidEnd); return; }
  row.save();
  arriving = step > 0 ? 'first' : 'last';
  trigger('turn', { page });
}

function confirmAndNext(row) {
  const list = shownRows(), place = list.indexOf(row);
  if (!row.confirmNow()) return;
  if (list[place + 1]) focusRow(list[place + 1], true); else waiting = { id: row.id, place };
}

// After the last row was confirmed: the filter may have let others move up, or there is another page.
function goOn() {
  const row = rows.get(waiting.id), list = shownRows(), { place } = waiting;
  if (row && row.sent.length) return;
  waiting = null;
  const next = row && row.li.isConnected ? list[list.indexOf(row) + 1] : list[Math.min(place, list.length - 1)];
  if (next) focusRow(next, true); else if (row) go(row, 1);
}

// Another part of the page names a clip to go to.
function find(id) {
  if (rows.has(id)) { focusRow(rows.get(id), false); return; }
  finding = id;
  trigger('find', { id });
}

// ---- undo ----

// The newest act at one clip, which is taken off the list.
function forgetAct(id) {
  const place = acts.findLastIndex((act) => act.ids && act.ids.length === 1 && act.ids[0] === id);
  return place >= 0 ? acts.splice(place, 1)[0] : null;
}

function undoLast() {
  const row = current;
  if (row && row.dirty && !row.sent.length) { row.takeBack(); return; }
  const owed = trimmer.sent.size > 0 || [...rows.values()].some((r) => r.sent.length);
  if (owed && Date.now() - (undoing || Date.now()) < 3000) {
    undoing = undoing || Date.now();
    return; // draw() comes back to it
  }
  undoing = 0;
  const act = acts.pop();
  if (!act) { say(props.words.nothingToUndo); return; }
  if (did && did.act === act) did = null;
  finding = (act.ids || act.restore)[0];
  if (act.restore) trigger('restore', { ids: act.restore });
  else if (act.trim) trigger('untrim', { id: act.ids[0], revision: act.trim });
  else trigger('undo', act);
  say(props.words.saidUndone);
}

// ---- several clips ----

function removeClips(ids, all = false) {
  const list = shownRows(), place = list.findIndex((row) => row && row.id === ids[ids.length - 1]);
  const next = list[place + 1] || list[list.findIndex((row) => row && row.id === ids[0]) - 1];
  if (next && element.contains(document.activeElement)) next.text.focus({ preventScroll: true });
  if (!all) acts.push({ restore: ids });
  for (const id of ids) if (rows.has(id)) rows.get(id).unsaved.forget(); // what is deleted needs no text any more
  trigger('delete', all ? { ids: [], all } : { ids });
  bar.clear();
}

const bar = {
  node: element,

  build() {
    const words = props.words;
    this.node = element.querySelector('.bar-of-list');
    this.all = make('input', 'pick', { type: 'checkbox', 'aria-label': words.pickPage, title: words.pickPage });
    this.all.onchange = () => {
      for (const row of rows.values()) if (this.all.checked) picked.add(row.id); else picked.delete(row.id);
      this.everything = false;
      this.paint();
    };
    this.shown = make('span', 'shown');
    this.before = press('plain', '‹', () => trigger('turn', { page: drawn.page - 1 }), words.previous);
    this.after = press('plain', '›', () => trigger('turn', { page: drawn.page + 1 }), words.next);
    const nav = make('nav', 'pager', { 'aria-label': words.pages });
    nav.append(this.before, this.after);
    const now = () => current || shownRows()[0];
    this.play = press('plain', words.play, () => now() && player.toggle(now()));
    this.back = press('plain', `↺ ${words.back}`, () => now() && player.back(now()));
    this.speed = press('plain', words.speed, () => changeSpeed(player.speed === SPEEDS.at(-1) ? -SPEEDS.length : 1));
    const auto = make('label', 'autoplay');
    this.auto = make('input', '', { type: 'checkbox' });
    this.auto.checked = player.autoplay;
    this.auto.onchange = () => player.choose(this.auto.checked);
    auto.title = words.autoplayLong;
    auto.append(this.auto, words.autoplay);
    const keys = press('plain', `⌨ ${words.keys}`, toggleKeys);
    const named = [[this.play, 'F8'], [this.back, 'F7'], [this.speed, 'F9'], [keys, ['Control', '/'].join('+')]];
    for (const [node, key] of named) {
      node.setAttribute('aria-keyshortcuts', key);
      node.append(' ', make('kbd', '', { 'aria-hidden': 'true' }, node === keys ? words.keysKey : key));
    }
    const which = make('div', 'line');
    which.append(around(this.all), this.shown, this.play, this.back, this.speed, auto, keys, nav);
    this.several = make('div', 'line several');
    this.node.append(which, this.several, make('p', 'hint', {}, words.hint));
  },

  picked(row) {
    if (row.pick.checked) picked.add(row.id); else picked.delete(row.id);
    this.everything = false;
    this.paint();
  },

  clear() {
    picked.clear();
    this.everything = false;
    this.paint();
  },

  paint() {
    const words = props.words, list = [...rows.values()];
    this.node.hidden = !list.length;
    this.all.checked = list.length > 0 && list.every((row) => picked.has(row.id));
    this.all.indeterminate = !this.all.checked && list.some((row) => picked.has(row.id));
    for (const row of list) row.pick.checked = picked.has(row.id);
    show(this.shown, drawn.shown || '');
    this.before.setAttribute('aria-disabled', String(!(drawn.page > 0)));
    this.after.setAttribute('aria-disabled', String(!(drawn.page + 1 < drawn.pages)));
    this.before.parentElement.hidden = !(drawn.pages > 1);
    const on = player.row !== null && player.isPlaying(player.row);
    this.play.firstChild.textContent = on ? `❚❚ ${words.pause}` : `▶ ${words.play}`;
    this.speed.firstChild.textContent = `${words.speed} ${player.speed}×`;
    this.paintSeveral();
  },

  paintSeveral() {
    const words = props.words, n = this.everything ? drawn.total : picked.size;
    const what = `${n} ${this.everything} ${drawn.total}`;
    this.several.hidden = n === 0;
    if (what === this.painted) return;
    this.painted = what;
    const data = () => (this.everything ? { ids: [], all: true } : { ids: [...picked] });
    const approve = () => {
      if (!window.confirm(filled(words.confirmPickedSure, { n: number(n) }))) return;
      trigger('approve', data());
      this.clear();
    };
    const nodes = [make('b', '', {}, filled(words.picked, { n: number(n) })),
      press('confirm', words.confirmPicked, approve),
      press('plain danger', words.deletePicked, () => removeClips(data().ids, this.everything)),
      press('plain', words.pickNone, () => { this.clear(); this.all.focus(); })];
    if (!this.everything && this.all.checked && drawn.total > rows.size) {
      const label = filled(words.pickAll, { n: number(drawn.total) });
      nodes.splice(1, 0, press('plain', label, () => { this.everything = true; this.paint(); }));
    }
    this.several.replaceChildren(...nodes);
  },
};

function strip(className, text, ...buttons) {
  const node = make('div', `deleted ${className}`, { role: 'status' });
  node.append(make('span', '', {}, text), ...buttons);
  return node;
}

function deletedBar({ ids, text }) {
  const erase = () => { if (window.confirm(props.words.eraseSure)) trigger('erase', { ids }); };
  return strip('', text, press('plain', props.words.restore, () => trigger('restore', { ids })),
    press('plain danger', props.words.erase, erase));
}

function elsewhereBar({ text }) { return strip('only', text); }

function onlyBar({ text }) {
  return strip('only', text, press('plain', props.words.everything, () => trigger('everything', {})));
}

function didBar({ ids, text, act }) {
  const undo = () => {
    did = null;
    finding = ids[0];
    if (acts.includes(act)) acts.splice(acts.indexOf(act), 1);
    trigger('undo', { ids });
  };
  return strip('only', text, press('plain', `↶ ${props.words.undo}`, undo));
}

// A strip whose words stay is left where it is: a button keeps its focus, and a click that has begun on it ends on it.
const strips = new Map(); // what a strip says -> its node

function paintAbove(value) {
  const above = element.querySelector('.above');
  const wanted = [[elsewhereBar, elsewhere()], [onlyBar, value.only], [didBar, did && did.text && did], [deletedBar, gone.ids && gone]];
  const kept = new Map();
  for (const [build, about] of wanted.filter(([, found]) => found)) {
    const what = `${build.name} ${about.at} ${about.text}`;
    kept.set(what, strips.get(what) || build(about));
  }
  for (const [what, node] of strips) if (!kept.has(what)) node.remove();
  strips.clear();
  [...kept].forEach(([what, node], place) => {
    strips.set(what, node);
    if (above.children[place] !== node) above.insertBefore(node, above.children[place] || null);
  });
}

// ---- drawing ----

function place(order) {
  const active = /** @type {HTMLElement | null} */ (document.activeElement);
  const inside = active !== null && root.contains(active);
  const typing = inside && active.matches('textarea') ? /** @type {HTMLTextAreaElement} */ (active) : null;
  const [from, to] = typing ? [typing.selectionStart, typing.selectionEnd] : [0, 0];
  order.forEach((li, number) => {
    if (root.children[number] !== li) root.insertBefore(li, root.children[number] || null);
  });
  if (inside && document.activeElement !== active && active.isConnected) { // moving a node takes its focus away
    active.focus({ preventScroll: true });
    if (typing) typing.setSelectionRange(from, to);
  }
}

// Whoever types or stands in a row keeps it, also where the filter or another page would take it away.
const held = (row) => !(waiting && waiting.id === row.id) && (row.li.contains(document.activeElement) || row.timer !== null || trimmer.row === row);

function rowOf(clip) {
  const row = owing.get(clip.id);
  if (!row) return new Row(clip);
  row.update(clip);
  return row;
}

function drawRows(value) {
  const clips = value.clips || [], seen = new Set(clips.map((clip) => clip.id));
  const before = shownRows(), stays = value.set === drawn.set && value.page === drawn.page;
  const pinned = before.filter((row) => !seen.has(row.id) && stays && held(row));
  for (const row of before) if (!seen.has(row.id) && !pinned.includes(row)) {
    row.save();
    player.forget(row);
    trimmer.forget(row);
    if (current === row) current = null;
    row.li.remove();
    rows.delete(row.id);
  }
  for (const clip of clips) if (rows.has(clip.id)) rows.get(clip.id).update(clip); else rows.set(clip.id, rowOf(clip));
  const order = clips.map((clip) => rows.get(clip.id).li);
  for (const row of pinned) order.splice(before.indexOf(row), 0, row.li);
  place(order);
}

// What became of a text that was sent holds in any set; its row may have left the list.
function acknowledge({ answered, failed }) {
  const row = (about) => about && (rows.get(about.id) || owing.get(about.id));
  if (row(answered)) row(answered).answered(answered.said, answered.revision, answered.confirmed);
  else if (answered) memory.drop(answered.id);
  if (!row(failed)) return;
  row(failed).unsaved.fail(tidy(failed.said), failed.why, failed.again);
  if (waiting && waiting.id === failed.id) waiting = null;
}

// What one answer says of single clips holds also where the answer to a newer question has been drawn already.
function tell(value) {
  const row = (about) => about && rows.get(about.id);
  if (row(value.touched)) row(value.touched).update(value.touched);
  if (row(value.overtook)) row(value.overtook).warn(props.words.overtook, value.overtook.author, value.overtook.text);
  if (value.trimmed) trimmer.answered(value.trimmed);
  if (row(value.history)) row(value.history).remember(value.history.items);
  if (value.done) {
    const act = { ids: value.done.ids };
    acts.push(act);
    did = { ...value.done, act, at: value.at };
  }
  if (value.gone !== undefined && value.at > gone.at) gone = { at: value.at, ...value.gone };
}

function draw() {
  const value = props.value || {};
  acknowledge(value);
  if (value.refused) trimmer.refused(value.refused);
  if (value.failed || value.refused) return;
  if (value.set !== drawn.set && !value.opens) return; // asked for before another set was opened
  if (value.opens) {
    did = null;
    gone = { at: gone.at };
    acts.length = 0;
    picked.clear();
    bar.everything = false;
  }
  tell(value);
  const leads = value.opens || value.moved;
  if (!value.opens && value.at < (leads ? moved : drawn.at)) {
    paintAbove(drawn);
    moveOn(false);
  } else if (!leads && (value.page !== drawn.page || aloneIn(value) !== aloneIn(drawn))) {
    paintAbove(drawn);
    trigger('turn', { page: drawn.page }); // asked while the list was on its way to another page
  } else {
    if (leads) moved = value.at;
    drawPage(value);
    if (value.opens) memory.resume(value.set);
  }
}

const aloneIn = (value) => (value.only ? value.only.text : '');

function drawPage(value) {
  const active = document.activeElement && document.activeElement.closest && document.activeElement.closest('li.clip');
  const anchor = active && root.contains(active) ? active : null, top = anchor ? anchor.getBoundingClientRect().top : 0;
  drawRows(value);
  const turned = drawn.set === value.set && drawn.page !== value.page;
  drawn = value;
  paintAbove(value);
  show(element.querySelector('.nothing'), value.nothing || '');
  paintPlaying();
  if (anchor && anchor.isConnected) scroller().scrollTop += anchor.getBoundingClientRect().top - top;
  moveOn(turned);
}

function moveOn(turned) {
  if (undoing) undoLast();
  const list = shownRows();
  if (finding !== null && rows.has(finding)) {
    focusRow(rows.get(finding), false);
    finding = null;
  } else if (waiting) goOn();
  else if (arriving && turned && list.length) {
    focusRow(arriving === 'first' ? list[0] : list.at(-1), arriving === 'first');
    arriving = '';
  } else if (turned) element.querySelector('.bar-of-list').scrollIntoView({ block: 'nearest' });
}

element.addEventListener('focusin', (event) => {
  const li = event.target.closest('li.clip');
  if (!li || !rows.has(Number(li.dataset.clip))) return;
  current = rows.get(Number(li.dataset.clip));
  for (const row of rows.values()) row.li.classList.toggle('current', row === current);
  document.dispatchEvent(new CustomEvent('clip-shown', { detail: { step: 'collect', id: current.id } }));
});

document.addEventListener('show-clip', (event) => {
  window.openStage('collect');
  find(event.detail);
});

bar.build();
draw();
watch('value', draw);
