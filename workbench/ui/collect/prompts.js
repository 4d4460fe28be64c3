// Prompted recording: a dialog that shows one prompt after the other. Space begins and ends a take, R reads the last
// one again, the right arrow skips; each take is saved at once, and what was refused comes again.
const MEMORY = 'speech-workbench-prompts';

class Reader {
  constructor() {
    const words = props.words;
    this.items = []; // {text, state: todo, saving, saved or skipped; clip, replaces}
    this.at = -1;
    this.last = -1; // the item that was read last
    this.mode = 'setup'; // setup, idle, counting, recording, ending, finished
    this.level = new Level();
    this.clock = new Clock(() => this.end());
    this.doubts = new Doubts((item) => this.reread(item));
    this.said = make('p', 'said', { role: 'status' });
    this.dialog = make('dialog', 'reader', { 'aria-label': words.reading });
    this.setup = this.form();
    this.stage = this.theatre();
    const head = make('header');
    this.title = make('h2');
    head.append(this.title, this.button('close', '✕', () => this.close(), { 'aria-label': words.close }));
    this.dialog.append(head, this.setup, this.stage, this.said);
    this.dialog.addEventListener('keydown', (event) => this.key(event));
    // The click that a space makes on the focused button comes with the key's release.
    this.dialog.addEventListener('keyup', (event) => { if (this.isSpace(event)) event.preventDefault(); });
    this.dialog.addEventListener('cancel', (event) => { event.preventDefault(); this.close(); });
  }

  button(className, text, act, attributes = {}) {
    const node = make('button', className, { type: 'button', ...attributes }, text);
    node.onclick = act;
    return node;
  }

  field(label, input, className = '') {
    const node = make('label', className);
    const name = make('span', '', {}, label);
    if (input.type === 'checkbox') node.append(input, name); else node.append(name, input);
    return node;
  }

  form() {
    const words = props.words;
    const form = make('form', 'reader-setup');
    this.lines = make('textarea', '', { rows: 8, placeholder: words.linesExample, spellcheck: 'false' });
    this.ownWords = this.button('plain', '', () => {
      this.lines.value = (props.value.words || []).join('\n');
      this.recount();
    });
    this.lines.oninput = () => this.recount();
    this.sentences = make('input', '', { type: 'checkbox' });
    this.perTerm = make('select');
    for (const n of [1, 2, 3, 4, 5, 6, 8]) this.perTerm.append(make('option', '', { value: n }, String(n)));
    this.sentences.onchange = this.perTerm.onchange = () => this.recount();
    this.speaker = make('input', '', { type: 'text', maxlength: 100, autocomplete: 'off' });
    this.drafts = make('input', '', { type: 'checkbox' });
    this.count = make('input', '', { type: 'checkbox' });
    this.much = make('p', 'hint');
    const row = make('div', 'reader-row');
    row.append(this.field(words.inSentences, this.sentences, 'check'), this.field(words.perTerm, this.perTerm, 'few'));
    const go = make('button', 'primary', { type: 'submit' }, words.begin);
    const buttons = make('div', 'reader-buttons');
    buttons.append(this.much, go);
    form.append(this.field(words.lines, this.lines), this.ownWords, row, this.field(words.reader, this.speaker),
      this.field(words.asDrafts, this.drafts, 'check'), this.field(words.countIn, this.count, 'check'), buttons);
    form.onsubmit = (event) => { event.preventDefault(); this.begin(); };
    return form;
  }

  theatre() {
    const words = props.words;
    const stage = make('div', 'reader-stage', { hidden: '' });
    this.place = make('p', 'reader-place');
    this.bar = make('progress', '', { 'aria-label': words.progress });
    this.prompt = make('p', 'reader-prompt', { 'aria-live': 'polite' });
    this.then = make('p', 'reader-then');
    const heard = make('div', 'live');
    heard.append(this.level.node, this.clock.node);
    this.record = this.button('record primary', '', () => this.toggle());
    this.again = this.button('plain', words.again, () => this.repeat());
    this.hear = this.button('plain', words.hear, () => this.play());
    this.skip = this.button('plain', words.skip, () => this.pass());
    const buttons = make('div', 'reader-buttons');
    buttons.append(this.again, this.hear, this.record, this.skip);
    const where = make('div', 'reader-where');
    where.append(this.place, this.bar);
    stage.append(where, this.prompt, this.then, heard, buttons, this.doubts.node, make('p', 'hint keys', {}, words.keys));
    return stage;
  }

  open() {
    const value = props.value || {};
    const kept = this.remembered();
    this.lines.value = kept.lines ?? (value.words || []).join('\n');
    this.sentences.checked = kept.sentences ?? value.sentences > 0;
    this.perTerm.value = String(kept.perTerm || 2);
    this.drafts.checked = kept.drafts || false;
    this.count.checked = kept.count || false;
    this.speaker.value = speakerField()?.value || '';
    this.ownWords.textContent = fill(props.words.takeWords, { n: (value.words || []).length });
    this.ownWords.hidden = !(value.words || []).length;
    this.show('setup');
    this.said.textContent = '';
    this.recount();
    this.dialog.showModal();
    (this.lines.value ? this.speaker : this.lines).focus();
  }

  close() {
    if (this.mode === 'ending') return null; // a take is on its way
    if (this.mode === 'recording' || this.mode === 'counting') return this.discard();
    microphone.close();
    this.clock.clear();
    this.dialog.close();
    if (this.mode !== 'setup') tell(fill(props.words.readSoFar, { n: this.read(), total: this.items.length }));
    this.mode = 'setup';
    return openReader.focus();
  }

  remembered() {
    try { return JSON.parse(localStorage.getItem(`${MEMORY} ${set()}`) || 'null') || {}; } catch { return {}; }
  }

  remember() {
    const kept = {
      lines: this.lines.value, sentences: this.sentences.checked, perTerm: Number(this.perTerm.value),
      drafts: this.drafts.checked, count: this.count.checked,
    };
    try { localStorage.setItem(`${MEMORY} ${set()}`, JSON.stringify(kept)); } catch { /* asked again next time */ }
  }

  recount() {
    const times = this.sentences.checked ? Number(this.perTerm.value) : 1;
    this.perTerm.disabled = !this.sentences.checked;
    const about = expected(this.lines.value, times);
    this.much.textContent = about.n ? fill(props.words.howMuch, about) : '';
  }

  async begin() {
    this.remember();
    const field = speakerField();
    this.speaker.value = this.speaker.value.trim(); // "ada " is no second speaker
    if (field && field.value !== this.speaker.value) {
      field.value = this.speaker.value;
      field.dispatchEvent(new Event('input', { bubbles: true }));
    }
    try {
      const plan = await post('prompts', 'application/json', JSON.stringify({
        set: set(), lines: this.lines.value, in_sentences: this.sentences.checked,
        per_term: Number(this.perTerm.value), speaker: this.speaker.value,
      }));
      await microphone.open();
      if (!this.dialog.open) return microphone.close();
      this.items = plan.prompts.map((p) => ({ text: p.text, state: p.read ? 'saved' : 'todo', clip: null }));
      this.last = -1;
      this.doubts.clear();
      this.show('idle');
      const read = this.read();
      const goOn = read && read < this.items.length ? fill(props.words.goOn, { n: read }) : '';
      tell([...plan.notes, goOn].filter(Boolean).join(' '));
      this.next();
    } catch (error) {
      tell(error instanceof TypeError ? props.words.noAnswer : error.message, 'bad');
    }
    return null;
  }

  is(...modes) { return modes.includes(this.mode); } // by now: it changes while something is waited for

  read() { return this.items.filter((item) => item.state === 'saved').length; }

  show(mode) {
    this.mode = mode;
    const who = mode === 'setup' ? '' : this.speaker.value.trim();
    this.title.textContent = [props.words.reading, set(), who].filter(Boolean).join(' · ');
    this.setup.hidden = mode !== 'setup';
    this.stage.hidden = mode === 'setup';
    this.paint();
  }

  next() {
    this.at = nextPrompt(this.items);
    this.show(this.at < 0 ? 'finished' : 'idle');
    if (this.mode === 'finished') microphone.close();
    this.record.focus();
  }

  paint() {
    const words = props.words;
    const item = this.items[this.at];
    const on = this.mode === 'recording';
    const skipped = this.items.filter((i) => i.state === 'skipped').length;
    const finished = this.mode === 'finished';
    this.place.textContent = finished ? fill(words.readSoFar, { n: this.read(), total: this.items.length })
      : fill(words.place, { n: this.at + 1, total: this.items.length });
    this.bar.max = Math.max(1, this.items.length);
    this.bar.value = this.read();
    this.prompt.textContent = finished ? (skipped ? fill(words.someSkipped, { n: skipped }) : words.allRead)
      : item ? item.text : '';
    const coming = this.items.find((i, place) => place !== this.at && i.state === 'todo');
    this.then.textContent = !finished && coming ? fill(words.then, { text: coming.text }) : '';
    this.stage.dataset.mode = this.mode;
    this.record.textContent = finished ? (skipped ? words.readSkipped : words.closeDone)
      : on ? words.endTake : words.beginTake;
    this.record.disabled = this.mode === 'ending';
    this.again.disabled = this.last < 0 && !on;
    this.hear.disabled = this.last < 0 || !this.items[this.last].clip || on;
    this.skip.disabled = finished || on;
  }

  isSpace(event) { return event.code === 'Space' && this.mode !== 'setup'; }

  key(event) {
    if (this.mode === 'setup') return;
    const command = commandOf(event);
    if (!command) return;
    event.preventDefault();
    if (!event.repeat) this[command]();
  }

  toggle() {
    if (this.mode === 'recording') return this.end();
    if (this.mode === 'counting') return this.discard();
    if (this.mode === 'idle') return this.start();
    if (this.mode !== 'finished') return null;
    const skipped = this.items.filter((item) => item.state === 'skipped');
    if (!skipped.length) return this.close();
    skipped.forEach((item) => { item.state = 'todo'; });
    return microphone.open().then(() => this.next(), (error) => tell(error.message, 'bad'));
  }

  async start() {
    if (this.player) this.player.pause();
    if (this.count.checked) {
      const turn = this.turn = {}; // a count that was cancelled does not go on in the next one
      this.show('counting');
      if (!(await countIn(this.record, () => this.mode !== 'counting' || this.turn !== turn))) return;
    }
    microphone.begin();
    this.level.clear();
    this.clock.start();
    this.show('recording');
  }

  discard() {
    microphone.drop();
    this.clock.clear();
    this.show('idle');
    tell(props.words.discarded);
  }

  stopped() {
    this.clock.clear();
    this.show('setup');
  }

  async end() {
    if (this.mode !== 'recording') return;
    this.clock.clear();
    this.show('ending');
    const take = await microphone.end();
    const item = this.items[this.at];
    if (!take) return;
    this.last = this.at;
    item.state = 'saving';
    this.next();
    const about = {
      set: set(), text: item.text, confirmed: !this.drafts.checked, speaker: this.speaker.value,
      replaces: item.replaces ?? null,
    };
    try {
      const kept = await outbox.send(take, about);
      Object.assign(item, { state: 'saved', clip: kept.id, replaces: null });
      if (about.confirmed) this.doubts.ask(item, this.items.map((i) => i.text));
      if (kept.remark) tell(`${kept.remark} ${props.words.pressAgain}`, 'mind');
      else tell(fill(props.words.saved, { seconds: number(kept.duration, 1, 1) }));
    } catch (error) {
      item.state = 'todo'; // it comes again, at once unless another is being read
      tell(error.message, 'bad');
      if (this.is('finished')) await microphone.open();
      if (this.is('idle', 'finished')) this.next();
    }
    if (this.dialog.open && !this.is('setup')) this.paint();
  }

  repeat() {
    if (this.mode === 'recording') return this.discard();
    const item = this.items[this.last];
    if (!item || item.state === 'saving' || !['idle', 'finished'].includes(this.mode)) return null;
    Object.assign(item, { state: 'todo', replaces: item.clip });
    this.doubts.drop(item);
    this.at = this.last;
    return microphone.open().then(() => {
      this.show('idle');
      tell(props.words.readAgain);
    }, (error) => tell(error.message, 'bad'));
  }

  reread(item) {
    if (!this.is('idle', 'finished')) return; // a take is being read
    this.last = this.items.indexOf(item);
    this.repeat();
    this.record.focus();
  }

  pass() {
    if (this.mode !== 'idle') return;
    const item = this.items[this.at];
    Object.assign(item, afterSkipping(item));
    tell('');
    this.next();
  }

  play() {
    const item = this.items[this.last];
    if (!item || !item.clip || this.mode === 'recording') return;
    this.player = new Audio(`sounds/${item.clip}`);
    this.player.play().catch(() => {});
  }
}

const reader = new Reader();
element.append(reader.dialog);
draw();
watch('value', draw);
