// One clip in the list: its sound, its label, what was noticed. Typing, playing and focus survive every answer.
// User text reaches the page through textContent and value only, never as HTML.
const PAUSE_MS = 1200; // of typing, before a label is saved

/** @param {any} tag @param {string | null} [className] @param {any} [text] */
function make(tag, className, attributes = {}, text = null) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== null) node.textContent = text;
  return node;
}

/** @param {string | null} [label] */
function press(className, text, act, label = null) {
  const node = make('button', className, { type: 'button' }, text);
  if (label) { node.setAttribute('aria-label', label); node.title = label; }
  node.onclick = act;
  return node;
}

// A small box with the room that a finger needs; which room that is says the style sheet.
function around(box) {
  const node = make('label', 'picking');
  node.append(box);
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
    this.unsaved = new Unsaved(this);
    this.build(clip);
    this.update(clip);
  }

  build(clip) {
    const words = props.words;
    this.li = make('li', 'clip', { 'data-clip': clip.id });
    this.pick = make('input', 'pick', { type: 'checkbox' });
    this.pick.onchange = () => bar.picked(this);
    this.play = press('play', '▶', () => player.toggle(this));
    this.play.setAttribute('aria-keyshortcuts', 'F8');
    this.name = make('span', 'name');
    this.facts = make('span', 'facts');
    this.split = make('span', 'chip');
    this.status = make('span', 'chip');
    this.remove = press('plain delete', '✕', () => removeClips([this.id]));
    const top = make('div', 'top');
    top.append(this.name);
    this.wave = make('div', 'wavebox');
    this.wave.onclick = (event) => this.seek(event);
    this.head = make('div', 'playhead', { 'aria-hidden': 'true' });
    this.marks = make('div', 'marks', { 'aria-hidden': 'true' });
    this.text = make('textarea', 'text', { rows: 1, spellcheck: 'true', placeholder: words.placeholder });
    this.text.oninput = () => this.typed();
    this.text.onblur = () => this.save();
    this.told = make('span', 'unseen', { id: `told-${clip.id}` });
    this.text.setAttribute('aria-describedby', `${this.told.id} ${this.unsaved.node.id} keys-short`);
    const field = make('div', 'field');
    field.append(this.text, this.marks, this.told);
    this.written = make('div', 'written');
    const writing = make('div', 'writing');
    writing.append(field, this.written);
    this.confirm = press('confirm', '', () => this.confirmNow());
    this.confirm.setAttribute('aria-keyshortcuts', 'Enter');
    this.undo = press('plain', '↶', () => this.takeBack());
    this.history = press('plain', '◷', () => this.toggleHistory());
    this.history.setAttribute('aria-expanded', 'false');
    this.trim = press('plain', '✂', () => trimmer.toggleAt(this));
    this.trim.setAttribute('aria-expanded', 'false');
    const tools = make('div', 'tools');
    tools.append(this.trim, this.undo, this.history, this.remove);
    const state = make('div', 'state');
    state.append(this.split, this.status, tools);
    this.overtaken = make('div', 'warnings overtaken', { role: 'alert' });
    this.overtaken.hidden = true;
    this.refusal = make('div', 'warnings', { role: 'alert' });
    this.refusal.hidden = true;
    this.trimming = make('div', 'trimming');
    this.notes = make('ul', 'notes');
    this.warnings = make('div', 'warnings');
    this.past = make('ol', 'past');
    this.past.hidden = true;
    const about = make('div', 'about');
    const sound = make('div', 'sound');
    sound.append(this.wave, this.facts);
    about.append(top, sound);
    const below = make('div', 'below');
    below.append(this.unsaved.node, this.overtaken, this.refusal, this.trimming, this.notes, this.warnings, this.past);
    const left = make('div', 'left');
    left.append(around(this.pick), this.play);
    this.li.append(left, about, writing, this.confirm, state, below);
  }

  get dirty() { return tidy(this.text.value) !== this.synced; }

  update(clip) {
    const before = this.clip;
    if (before && (clip.revision < before.revision || clip.trims < before.trims)) return; // an answer that was overtaken
    this.clip = clip;
    this.takeText(clip, before);
    const words = props.words;
    show(this.name, clip.name);
    this.name.title = clip.name;
    this.paintLength(clip);
    show(this.split, words.parts[clip.split] || '');
    this.split.dataset.is = clip.split || '';
    this.split.title = words.splits[clip.split] || '';
    const [status, note] = stateOf(clip, words);
    show(this.status, status);
    this.status.title = note;
    this.status.dataset.is = clip.status;
    this.li.dataset.status = clip.status;
    this.drawWave(clip);
    show(this.written, clip.written);
    this.written.classList.toggle('trouble', clip.trouble);
    const stale = clip.stale && clip.status === 'drafted' && !clip.edited;
    show(this.warnings, [...(stale ? [words.stale] : []), ...clip.warnings].join(' '));
    this.drawNotes(clip.notes);
    for (const [node, label, title] of [[this.remove, words.remove, words.removeLong], [this.text, words.label, ''],
      [this.undo, words.undo, words.undoLong], [this.history, words.history, words.historyLong],
      [this.trim, words.trim, words.trimLong],
      [this.pick, words.pick, '']]) {
      node.setAttribute('aria-label', `${label}: ${clip.name}`);
      if (title) node.title = title;
    }
    this.history.disabled = clip.revision === 0;
    this.undo.disabled = clip.revision === 0 && clip.trims === 0;
    this.paintText();
  }

  // The server has kept what this page sent.
  answered(said, revision, confirmed) {
    const place = this.sent.indexOf(tidy(said));
    if (place >= 0) {
      this.sent = this.sent.slice(place + 1);
      this.synced = tidy(said);
      this.keptAs(revision);
    }
    this.unsaved.settle(tidy(said), confirmed);
  }

  keptAs(revision) {
    if (revision > this.base) acts.push({ ids: [this.id], revision });
    this.base = Math.max(this.base, revision);
  }

  // What the server has now, against what stands in the field. Whoever types is never overwritten, but told.
  takeText(clip, before) {
    const text = tidy(this.text.value);
    const met = meeting(clip, before, { text, synced: this.synced, sent: this.sent, typing: this.timer !== null });
    if (met === 'own') {
      this.sent = this.sent.slice(this.sent.indexOf(clip.text) + 1);
      this.synced = clip.text;
      this.keptAs(clip.revision);
    } else if (met === 'taken') {
      if (this.text.value !== clip.text) this.text.value = clip.text;
      this.base = clip.revision;
      this.synced = tidy(clip.text);
      if (before && clip.revision !== before.revision) this.overtaken.hidden = true;
    } else if (met === 'told') {
      this.warn(props.words.meanwhile, clip.author, clip.text);
    } else if (met === 'kept') { // though the answer that said so was lost
      this.synced = clip.text;
      this.base = Math.max(this.base, clip.revision);
    }
    this.unsaved.settle(clip.text, clip.status === 'confirmed');
  }

  warn(sentence, author, theirs) {
    const words = props.words;
    const who = author === (props.value || {}).author ? filled(words.somebody, { author }) : author;
    const take = press('plain', words.takeTheirs, () => { this.overtaken.hidden = true; this.use(theirs); });
    const mine = press('plain', words.keepMine, () => { this.overtaken.hidden = true; this.text.focus(); });
    const said = make('q', '', {}, theirs);
    this.overtaken.replaceChildren(filled(sentence, { author: who }), ' ', said, ' ', take, mine);
    this.overtaken.hidden = false;
  }

  use(text) {
    this.text.value = text;
    this.paintText();
    this.text.focus();
    trigger('edit', this.payload(this.clip.revision)); // it was seen
  }

  paintLength(clip) {
    const length = `${clip.cut ? '✂ ' : ''}${number(clip.duration, 1, 1)} s`;
    show(this.facts, [length, clip.speaker].filter(Boolean).join(' · '));
    const [start, end] = clip.cut || [];
    this.facts.title = !clip.cut ? '' : filled(props.words.trimmed,
      { start: number(start, 2), end: number(end, 2), whole: number(clip.whole, 2) });
  }

  refuse(why) { show(this.refusal, why || ''); }

  drawWave(clip) {
    if (this.drawn === clip.url) return;
    if (this.drawn) player.forget(this); // it holds another cut
    this.drawn = clip.url;
    const draw = (peaks) => { if (this.drawn === clip.url) this.wave.replaceChildren(wave(peaks), this.head); };
    if (clip.peaks) { draw(clip.peaks); return; }
    draw([0]);
    fetch(`waves/${clip.id}`).then((answer) => (answer.ok ? answer.json() : [0])).then(draw).catch(() => {});
  }

  drawNotes(notes) {
    const what = JSON.stringify(notes);
    if (what === this.noted) return;
    this.noted = what;
    this.notes.replaceChildren(...notes.map((note) => {
      const li = make('li', '', {}, `${props.words.doctor} ${note.said} `);
      if (note.remedy) {
        const label = `${note.gives}: ${this.clip.name}`;
        li.append(press('plain', note.remedy, () => trigger('remedy', { id: this.id, kind: note.kind }), label));
      }
      return li;
    }));
    this.notes.hidden = !notes.length;
  }

  paintText() {
    const value = this.text.value, clip = this.clip;
    const done = clip.status === 'confirmed' && tidy(value) === clip.text;
    show(this.confirm, done ? props.words.confirmed : props.words.confirm);
    this.confirm.setAttribute('aria-label', `${this.confirm.textContent}: ${clip.name}`);
    this.confirm.setAttribute('aria-disabled', String(done)); // still reachable: focus must not get lost
    this.paintMarks(value);
  }

  paintMarks(value) {
    const parts = value.split(/(\s+)/), words = parts.filter((part) => part.trim());
    const marked = this.clip.unsure.length ? unsureWords(words, this.clip.draft, this.clip.unsure) : [];
    let place = 0;
    const nodes = parts.map((part) => (part.trim() && marked[place++] ? make('u', '', {}, part) : part));
    this.marks.replaceChildren(...(marked.includes(true) ? nodes : []));
    const unsure = words.filter((_, i) => marked[i]);
    this.told.textContent = unsure.length ? filled(props.words.unsure, { words: unsure.join(', ') }) : '';
  }

  typed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), PAUSE_MS);
    memory.keep(this, this.unsaved.submit && tidy(this.text.value) === this.unsaved.text);
    this.paintText();
  }

  payload(revision = this.base, submit = false) {
    clearTimeout(this.timer);
    this.timer = null;
    const data = { id: this.id, text: this.text.value, revision, sent: [...this.sent] };
    const text = tidy(this.text.value);
    this.sent = [...this.sent.filter((earlier) => earlier !== text), text].slice(-20);
    this.unsaved.owe(submit);
    return data;
  }

  save() {
    const waiting = this.sent[this.sent.length - 1] ?? this.synced;
    clearTimeout(this.timer);
    this.timer = null;
    if (tidy(this.text.value) !== waiting) trigger('edit', this.payload());
    else if (this.unsaved.text === null) memory.drop(this.id); // typed back to what is kept
  }

  // Whether something was confirmed, or is being.
  confirmNow() {
    if (!tidy(this.text.value)) { say(props.words.saidEmpty); this.text.focus(); return false; }
    if (this.confirm.getAttribute('aria-disabled') !== 'true') trigger('submit', this.payload(this.base, true));
    return true;
  }

  takeBack() {
    clearTimeout(this.timer);
    this.timer = null;
    if (this.dirty && !this.sent.length) {
      this.text.value = this.synced;
      this.unsaved.forget();
      this.paintText();
      say(props.words.saidTyped);
      return;
    }
    const trim = trimToUndo(forgetAct(this.id), this.clip);
    if (trim === null) trigger('undo', { ids: [this.id] }); else trigger('untrim', { id: this.id, revision: trim });
  }

  seek(event) {
    const box = this.wave.getBoundingClientRect();
    player.play(this, this.clip.duration * (event.clientX - box.left) / box.width);
  }

  toggleHistory() {
    this.past.hidden = !this.past.hidden;
    this.history.setAttribute('aria-expanded', String(!this.past.hidden));
    if (!this.past.hidden) trigger('expand', { id: this.id });
  }

  remember(items) {
    this.past.replaceChildren(...items.map((item) => {
      const li = make('li');
      li.append(make('span', 'when', {}, item.when), ' ', make('span', 'was', {}, item.text), ' ');
      if (item.usable && item.text !== this.clip.text) {
        li.append(press('plain', props.words.use, () => this.use(item.text), `${props.words.use}: ${item.text}`));
      }
      return li;
    }));
  }
}
