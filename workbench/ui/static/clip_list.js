// The list of clips to label. User text reaches the page through textContent and value only, never as HTML.
// Rows are kept by clip id and updated in place, so that typing, playing and focus survive every answer of the server.
const PAUSE_MS = 1200; // of typing, before a label is saved
const root = element.querySelector('.clips');
const rows = new Map();
const audio = new Audio();
audio.preload = 'none';
let playing = null;
let focusAfter = null;

function make(tag, className, attributes = {}, text = null) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== null) node.textContent = text;
  return node;
}

function show(node, text) {
  if (node.textContent !== text) node.textContent = text;
  node.hidden = !text;
}

function wave(peaks) {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', `0 0 ${peaks.length * 3} 24`);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('class', 'wave');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(space, 'path');
  path.setAttribute('d', peaks.map((p, i) => `M${3 * i + 1} ${12 - p * 0.11}v${Math.max(1, p * 0.22)}`).join(''));
  svg.append(path);
  return svg;
}

class Row {
  constructor(clip) {
    this.id = clip.id;
    this.sent = []; // texts of this page that the server has not answered yet
    this.timer = null;
    this.li = make('li', 'clip', { 'data-clip': clip.id });
    this.play = this.button('play', '▶', () => this.toggle());
    this.name = make('span', 'name');
    this.facts = make('span', 'facts');
    this.split = make('span', 'chip split');
    this.status = make('span', 'chip status');
    this.remove = this.button('plain delete', '✕', () => trigger('delete', { id: this.id }));
    const top = make('div', 'top');
    top.append(this.name, this.facts, this.split, this.status, this.remove);
    this.wave = make('div', 'wavebox');
    this.wave.onclick = (event) => this.seek(event);
    this.head = make('div', 'playhead', { 'aria-hidden': 'true' });
    this.text = make('textarea', 'text', { rows: 1, spellcheck: 'true', placeholder: props.words.placeholder });
    this.text.oninput = () => this.typed();
    this.text.onblur = () => this.save();
    this.text.onkeydown = (event) => this.key(event);
    this.written = make('div', 'written');
    this.warnings = make('div', 'warnings');
    this.notice = make('div', 'warnings', { role: 'status' });
    this.confirm = this.button('confirm', '', () => this.confirmNow());
    this.undo = this.button('plain icon', '↶', () => trigger('undo', { id: this.id }));
    this.history = this.button('plain icon', '◷', () => this.toggleHistory());
    this.history.setAttribute('aria-expanded', 'false');
    const tools = make('div', 'tools');
    tools.append(this.written, this.undo, this.history, this.confirm);
    this.past = make('ol', 'past');
    this.past.hidden = true;
    const middle = make('div', 'middle');
    middle.append(top, this.wave, this.text, tools, this.notice, this.warnings, this.past);
    this.li.append(this.play, middle);
    this.update(clip);
  }

  button(className, text, act) {
    const node = make('button', className, { type: 'button' }, text);
    node.onclick = act;
    return node;
  }

  update(clip) {
    const before = this.clip;
    this.clip = clip;
    const words = props.words;
    show(this.name, clip.name);
    this.name.title = clip.name;
    show(this.facts, [`${clip.duration.toFixed(1)} s`, clip.speaker].filter(Boolean).join(' · '));
    show(this.split, clip.split || '');
    this.split.dataset.is = clip.split || '';
    this.split.title = words.splits[clip.split] || '';
    show(this.status, clip.status === 'confirmed' ? '' : words.status[clip.status]); // the button says confirmed
    this.status.dataset.is = clip.status;
    this.li.dataset.status = clip.status;
    if (!before || before.peaks.join() !== clip.peaks.join()) this.wave.replaceChildren(wave(clip.peaks), this.head);
    const typing = document.activeElement === this.text && this.text.value !== (before ? before.text : '');
    this.sent = this.sent.filter((text) => text !== clip.text);
    if (!typing && this.timer === null) this.text.value = clip.text;
    show(this.written, clip.written);
    this.written.classList.toggle('trouble', clip.trouble);
    show(this.warnings, clip.warnings.join(' '));
    show(this.notice, clip.notice || '');
    for (const [node, label] of [[this.play, words.play], [this.remove, words.remove], [this.text, words.label],
      [this.undo, words.undo], [this.history, words.history]]) {
      node.setAttribute('aria-label', `${label}: ${clip.name}`);
      if (node !== this.text) node.title = label;
    }
    this.undo.disabled = clip.revision === 0;
    this.history.disabled = clip.revision === 0;
    this.paintConfirm();
  }

  paintConfirm() {
    const done = this.clip.status === 'confirmed' && this.text.value.trim() === this.clip.text;
    this.confirm.textContent = done ? props.words.confirmed : props.words.confirm;
    this.confirm.setAttribute('aria-label', `${this.confirm.textContent}: ${this.clip.name}`);
    this.confirm.disabled = done;
  }

  typed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), PAUSE_MS);
    this.paintConfirm();
  }

  payload() {
    clearTimeout(this.timer);
    this.timer = null;
    const text = this.text.value;
    const data = { id: this.id, text, revision: this.clip.revision, sent: [...this.sent] };
    this.sent = [...this.sent, text].slice(-20);
    return data;
  }

  save() {
    if (this.text.value.trim() === this.clip.text && this.timer === null) return;
    trigger('edit', this.payload());
  }

  confirmNow() {
    if (!this.text.value.trim()) return this.text.focus();
    trigger('submit', this.payload());
  }

  key(event) {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    const next = this.li.nextElementSibling;
    if (!this.confirm.disabled) this.confirmNow();
    if (next && rows.has(Number(next.dataset.clip))) rows.get(Number(next.dataset.clip)).text.focus();
  }

  toggle() {
    if (playing === this) { audio.pause(); playing = null; } else {
      audio.src = this.clip.url;
      audio.play().catch(() => { playing = null; paintPlaying(); });
      playing = this;
    }
    paintPlaying();
  }

  seek(event) {
    if (playing !== this) this.toggle();
    const box = this.wave.getBoundingClientRect();
    audio.currentTime = this.clip.duration * (event.clientX - box.left) / box.width;
  }

  toggleHistory() {
    this.past.hidden = !this.past.hidden;
    this.history.setAttribute('aria-expanded', String(!this.past.hidden));
    if (!this.past.hidden) trigger('expand', { id: this.id });
  }

  remember(items) {
    this.past.replaceChildren(...items.map((item) => {
      const li = make('li');
      li.append(make('span', 'when', {}, item.when), document.createTextNode(' '), make('span', 'was', {}, item.text));
      return li;
    }));
  }
}

function paintPlaying() {
  for (const row of rows.values()) {
    const on = row === playing;
    row.play.textContent = on ? '❚❚' : '▶';
    row.play.classList.toggle('on', on);
    row.play.setAttribute('aria-pressed', String(on));
    row.head.hidden = !on;
  }
}
audio.onended = () => { playing = null; paintPlaying(); };
audio.ontimeupdate = () => {
  if (playing) playing.head.style.left = `${100 * audio.currentTime / Math.max(playing.clip.duration, 0.01)}%`;
};

function deletedBar(deleted) {
  const bar = make('div', 'deleted', { role: 'status' });
  const undo = make('button', 'plain', { type: 'button' }, props.words.restore);
  undo.onclick = () => trigger('restore', { ids: deleted.ids });
  const erase = make('button', 'plain danger', { type: 'button' }, props.words.erase);
  erase.onclick = () => { if (window.confirm(props.words.eraseSure)) trigger('erase', { ids: deleted.ids }); };
  bar.append(make('span', '', {}, deleted.text), undo, erase);
  return bar;
}

function onlyBar(only) {
  const bar = make('div', 'deleted only', { role: 'status' });
  const all = make('button', 'plain', { type: 'button' }, props.words.everything);
  all.onclick = () => trigger('everything', {});
  bar.append(make('span', '', {}, only.text), all);
  return bar;
}

function pager(value) {
  const nav = make('nav', 'pager', { 'aria-label': props.words.pages });
  const turn = (page, text, label) => {
    const button = make('button', 'plain', { type: 'button', 'aria-label': label }, text);
    button.disabled = page < 0 || page >= value.pages;
    button.onclick = () => trigger('turn', { page });
    return button;
  };
  nav.append(turn(value.page - 1, '‹', props.words.previous), make('span', '', {}, value.shown),
    turn(value.page + 1, '›', props.words.next));
  return nav;
}

function draw() {
  const value = props.value || {};
  const clips = value.clips || [];
  const seen = new Set(clips.map((clip) => clip.id));
  for (const [id, row] of rows) if (!seen.has(id)) {
    if (playing === row) { audio.pause(); playing = null; }
    row.li.remove();
    rows.delete(id);
  }
  clips.forEach((clip, place) => {
    if (rows.has(clip.id)) rows.get(clip.id).update(clip); else rows.set(clip.id, new Row(clip));
    const li = rows.get(clip.id).li;
    if (root.children[place] !== li) root.insertBefore(li, root.children[place] || null);
  });
  if (value.history && rows.has(value.history.id)) rows.get(value.history.id).remember(value.history.items);
  const above = element.querySelector('.above');
  above.replaceChildren(...(value.only ? [onlyBar(value.only)] : []), ...(value.deleted ? [deletedBar(value.deleted)] : []));
  const below = element.querySelector('.below');
  below.replaceChildren(...(value.pages > 1 ? [pager(value)] : []));
  show(element.querySelector('.nothing'), value.nothing || '');
  paintPlaying();
}
draw();
watch('value', draw);
