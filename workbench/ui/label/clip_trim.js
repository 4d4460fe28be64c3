// Trimming a clip, beneath its row: the whole wave with a handle at each end of the part that is to be heard.
const BARS = 240; // of the whole wave
const UNANSWERED_MS = 20000; // after which a trim may be sent again: its answer is lost
const looper = new Audio();
looper.preload = 'none';

const trimmer = {
  row: /** @type {any} */ (null), // whose sound is being trimmed
  sent: new Map(), // clips whose trim the server has not answered yet, and what lets them go

  build() {
    const words = props.words;
    this.node = make('div', 'trim', { role: 'group', 'aria-label': words.trimTitle });
    this.track = make('div', 'track');
    this.wave = make('div', 'whole');
    this.shade = make('div', 'part', { 'aria-hidden': 'true' });
    this.head = make('div', 'playhead', { 'aria-hidden': 'true' });
    this.handles = [words.trimStart, words.trimEnd].map((label, i) => this.handle(label, i));
    this.track.append(this.wave, this.shade, this.head, ...this.handles);
    this.track.onpointerdown = (event) => this.grab(event);
    this.track.onpointermove = (event) => { if (this.held !== null) this.take(this.held, this.placeOf(event)); };
    this.track.onpointerup = this.track.onpointercancel = () => { this.held = null; };
    this.times = make('span', 'times');
    this.loop = press('plain loop', `↻ ${words.trimLoop}`, () => this.toggle());
    this.loop.title = words.trimLoopLong;
    this.keep = press('confirm keep', words.trimKeep, () => this.send(this.part));
    this.all = press('plain all', words.trimWhole, () => this.send([0, this.whole]));
    const cancel = press('plain', words.trimCancel, () => this.close(true));
    const buttons = make('div', 'line');
    buttons.append(this.times, this.loop, this.keep, this.all, cancel);
    this.node.append(this.track, buttons, make('p', 'hint', {}, words.trimHint));
    this.node.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      event.stopPropagation();
      this.close(true);
    });
  },

  handle(label, i) {
    const node = make('div', 'handle', { role: 'slider', tabindex: '0', 'aria-label': label, 'aria-valuemin': '0' });
    node.addEventListener('keydown', (event) => {
      const to = keyedTo(event, this.part[i], this.whole);
      if (to === null) return;
      event.preventDefault();
      event.stopPropagation();
      this.take(i, to);
    });
    return node;
  },

  toggleAt(row) { if (this.row === row) this.close(true); else this.open(row); },

  open(row) {
    if (!this.node) this.build();
    this.close(false);
    const { clip } = row;
    this.row = row;
    this.whole = clip.whole ?? clip.duration;
    this.seen = clip.trims;
    this.stood = clip.cut || [0, this.whole];
    this.part = [...this.stood];
    this.held = null;
    row.trim.setAttribute('aria-expanded', 'true');
    row.trimming.append(this.node);
    this.wave.replaceChildren();
    fetch(`waves/${clip.id}?of=whole&n=${BARS}`).then((answer) => (answer.ok ? answer.json() : [0])).then((peaks) => {
      if (this.row === row) this.wave.replaceChildren(wave(peaks));
    }).catch(() => {});
    player.forget(row);
    row.refuse('');
    this.paint();
    paintPlaying();
    this.handles[0].focus();
  },

  close(back) {
    if (!this.row) return;
    const { row } = this;
    looper.pause();
    looper.removeAttribute('src');
    this.row = null;
    this.node.remove();
    row.trim.setAttribute('aria-expanded', 'false');
    if (back) row.trim.focus();
  },

  forget(row) { if (this.row === row) this.close(false); },

  placeOf(event) {
    const box = this.track.getBoundingClientRect();
    return this.whole * between((event.clientX - box.left) / box.width, 0, 1);
  },

  grab(event) {
    if (event.button) return;
    event.preventDefault();
    const at = this.placeOf(event), own = this.handles.indexOf(event.target);
    this.held = own >= 0 ? own : nearestHandle(this.part, at);
    this.track.setPointerCapture(event.pointerId);
    this.handles[this.held].focus({ preventScroll: true });
    if (own < 0) this.take(this.held, at);
  },

  take(handle, at) {
    this.part = withHandle(this.part, handle, at, this.whole);
    this.paint();
  },

  paint() {
    const words = props.words, share = (seconds) => `${100 * seconds / Math.max(this.whole, 0.01)}%`;
    const [start, end] = this.part, whole = number(this.whole, 2);
    this.handles.forEach((node, i) => {
      const at = this.part[i].toFixed(2);
      node.style.left = share(this.part[i]);
      node.setAttribute('aria-valuemax', this.whole.toFixed(2));
      node.setAttribute('aria-valuenow', at);
      node.setAttribute('aria-valuetext', filled(words.trimAt, { at: number(this.part[i], 2), whole }));
    });
    this.shade.style.left = share(start);
    this.shade.style.width = share(end - start);
    const times = { start: number(start, 2), end: number(end, 2), length: number(end - start, 2), whole };
    show(this.times, filled(words.trimPart, times));
    this.keep.disabled = isSame(this.part, this.stood);
    this.all.disabled = isAll(this.stood, this.whole);
    this.paintLoop();
  },

  paintLoop() {
    const on = !looper.paused;
    this.loop.setAttribute('aria-pressed', String(on));
    this.loop.classList.toggle('on', on);
    this.head.hidden = !on;
  },

  toggle() {
    if (!looper.paused) { looper.pause(); return; }
    const url = `sounds/${this.row.id}?of=whole`;
    if (looper.getAttribute('src') !== url) looper.src = url;
    audio.pause();
    document.querySelectorAll('audio').forEach((other) => other.pause());
    looper.playbackRate = player.speed;
    looper.currentTime = this.part[0];
    looper.play().catch(() => {});
    this.follow();
  },

  // Each frame, since the events of a sound come four times a second: a short part would run far over its end.
  follow() {
    this.paintLoop();
    if (looper.paused || !this.row) return;
    const from = loopedFrom(looper.currentTime, this.part);
    if (from !== null) looper.currentTime = from;
    this.head.style.left = `${100 * looper.currentTime / Math.max(this.whole, 0.01)}%`;
    requestAnimationFrame(() => this.follow());
  },

  send([start, end]) {
    const { row } = this;
    if (this.sent.has(row.id)) return; // not switched off meanwhile: a button would lose the focus, and F2 with it
    looper.pause();
    say(props.words.trimSaving);
    this.sent.set(row.id, setTimeout(() => this.sent.delete(row.id), UNANSWERED_MS));
    trigger('trim', { id: row.id, start, end, revision: this.seen });
  },

  settle(id) {
    clearTimeout(this.sent.get(id));
    this.sent.delete(id);
  },

  // The server has kept a trim, of this page or taken back by it.
  answered({ id, revision, kept, overtook }) {
    this.settle(id);
    if (kept) acts.push({ ids: [id], trim: revision });
    const row = rows.get(id);
    if (!row) return;
    row.refuse(overtook);
    const { cut, duration } = row.clip;
    if (kept) say(filled(cut ? props.words.saidTrimmed : props.words.saidWhole, { length: number(duration, 2) }));
    if (this.row === row) this.close(kept);
  },

  refused({ id, why }) {
    this.settle(id);
    const row = rows.get(id);
    if (row) row.refuse(why);
    if (this.row === row) this.paint();
  },
};

looper.onpause = looper.onplay = () => { if (trimmer.row) trimmer.paintLoop(); };
looper.onended = () => { if (trimmer.row) { looper.currentTime = trimmer.part[0]; looper.play().catch(() => {}); } };
