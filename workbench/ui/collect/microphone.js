// The microphone: one stream while somebody records, its level, takes as WAV files, and what the server answers.
const CATCHER = `registerProcessor('catcher', class extends AudioWorkletProcessor {
  constructor() { super(); this.kept = new Float32Array(1024); this.n = 0; }
  process(inputs) {
    const channel = inputs[0][0];
    if (!channel) return true;
    for (const sample of channel) {
      this.kept[this.n++] = sample;
      if (this.n < this.kept.length) continue;
      this.port.postMessage(this.kept);
      this.kept = new Float32Array(1024);
      this.n = 0;
    }
    return true;
  }
});`;

/** @param {any} tag @param {string | null} [className] @param {any} [text] */
function make(tag, className, attributes = {}, text = null) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== null) node.textContent = text;
  return node;
}

class Microphone {
  constructor() {
    /** @type {MediaStream | null} */
    this.stream = null;
    /** @type {Float32Array[]} */
    this.before = []; // what was heard last, which a take begins with
    /** @type {Float32Array[] | null} */
    this.parts = null; // of the take
    /** @type {(db: number, peak: number) => void} */
    this.onlevel = () => {};
    /** @type {(samples: Float32Array, rate: number, db: number) => void} */
    this.onsound = () => {};
    this.ongone = () => {};
  }

  // Throws an Error whose message is a sentence for the user.
  async open() {
    if (this.stream) return;
    if (!navigator.mediaDevices || !navigator.mediaDevices.getUserMedia) throw new Error(props.words.insecure);
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({
        // Calls need echo and noise taken out; a recogniser learns better from the sound as it is.
        audio: { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: true },
      });
    } catch (error) {
      const known = { NotAllowedError: 'refused', NotFoundError: 'missing', NotReadableError: 'busy' };
      throw new Error(props.words[known[error.name] || 'missing']);
    }
    this.stream.getAudioTracks()[0].onended = () => { this.close(); this.ongone(); };
    try { await this.listen(this.stream); } catch {
      this.close();
      throw new Error(props.words.busy);
    }
  }

  /** @param {MediaStream} stream */
  async listen(stream) {
    const context = this.context = new AudioContext();
    await context.resume();
    const url = URL.createObjectURL(new Blob([CATCHER], { type: 'text/javascript' }));
    await context.audioWorklet.addModule(url);
    URL.revokeObjectURL(url);
    this.node = new AudioWorkletNode(context, 'catcher');
    this.before = [];
    this.parts = null;
    this.node.port.onmessage = (event) => this.hear(event.data, context.sampleRate);
    context.createMediaStreamSource(stream).connect(this.node);
    this.node.connect(context.destination); // silence; without it some browsers do not run the node
  }

  hear(samples, rate) {
    const { db, peak } = loudness(samples);
    this.onlevel(db, peak);
    this.onsound(samples, rate, db);
    if (this.parts) this.parts.push(samples);
    this.before.push(samples);
    while ((this.before.length - 1) * samples.length > BEFORE_S * rate) this.before.shift();
  }

  begin() { this.parts = [...this.before]; }

  drop() { this.parts = null; }

  // The take as a WAV file; null where it was dropped meanwhile.
  async end() {
    await new Promise((resolve) => { setTimeout(resolve, AFTER_S * 1000); });
    const parts = this.parts;
    this.parts = null;
    return parts && this.context ? wav(parts, this.context.sampleRate) : null;
  }

  close() {
    if (!this.stream) return;
    this.stream.getTracks().forEach((track) => { track.onended = null; track.stop(); });
    this.stream = null;
    this.parts = null;
    if (this.context) this.context.close();
  }
}

class Refused extends Error {} // the server's own sentence; asking again would not help
class Later extends Error {} // as well its own, but asking again may help: the disk is full, somebody has to sign in
// What an answer says went wrong; null where nothing did.
function problemOf(answer, said) {
  const kind = answerKind(answer, said);
  if (kind === 'kept') return null;
  if (kind === 'refused') return new Refused(said.error);
  if (kind === 'later') return new Later(said.error);
  if (kind === 'between') return new Refused(fill(props.words.between, { n: answer.status }));
  return new Error(props.words.noAnswer);
}

async function post(path, type, body, headers = {}) {
  const answer = await fetch(path, { method: 'POST', headers: { 'Content-Type': type, ...headers }, body });
  const said = await answer.json().catch(() => null); // a proxy in between answers with a page of its own
  const problem = problemOf(answer, said);
  if (problem) throw problem;
  return said;
}

// How loud it is, as a bar and in a word.
class Level {
  constructor() {
    this.node = make('div', 'level');
    this.bar = make('div', 'level-bar', {
      role: 'meter', 'aria-label': props.words.level, 'aria-valuemin': LOWEST_DB, 'aria-valuemax': 0, 'aria-valuenow': LOWEST_DB,
    });
    this.fill = make('i');
    this.bar.append(this.fill);
    this.word = make('span', 'level-word');
    this.node.append(this.bar, this.word);
    this.clear();
  }

  clear() {
    this.shown = LOWEST_DB;
    this.loud = this.good = 0;
    this.show(LOWEST_DB, 0);
  }

  show(db, peak) {
    const now = Date.now();
    this.shown = barAfter(this.shown, db);
    if (peak >= LOUD) this.loud = now;
    if (db > QUIET_DB) this.good = now;
    this.fill.style.width = `${Math.min(100, 100 * (this.shown - LOWEST_DB) / 54)}%`;
    const kind = levelWord(now, this.loud, this.good);
    if (this.node.dataset.is === kind) return;
    this.node.dataset.is = kind;
    this.word.textContent = props.words.levels[kind];
    this.bar.setAttribute('aria-valuenow', Math.round(this.shown));
    this.bar.setAttribute('aria-valuetext', props.words.levels[kind]);
  }
}
