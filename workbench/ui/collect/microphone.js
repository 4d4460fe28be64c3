// The microphone: one stream while somebody records, its level, takes as WAV files, and their way to the server.
const AGAIN_MS = 3000; // between attempts to send a take
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
async function post(path, type, body, headers = {}) {
  const answer = await fetch(path, { method: 'POST', headers: { 'Content-Type': type, ...headers }, body });
  const said = await answer.json().catch(() => null); // a proxy in between answers with a page of its own
  const kind = answerKind(answer, said);
  if (kind === 'kept') return said;
  if (kind === 'refused') throw new Refused(said.error);
  if (kind === 'later') throw new Later(said.error);
  if (kind === 'between') throw new Refused(fill(props.words.between, { n: answer.status }));
  throw new Error(props.words.noAnswer);
}

// Takes on their way: each is sent until the server answers, and the page is not left silently before that.
const outbox = {
  waiting: 0,
  async send(take, about) {
    const headers = { 'X-Take': encodeURIComponent(JSON.stringify(about)) };
    this.waiting += 1;
    try {
      for (let attempt = 0; ; attempt += 1) {
        try { return await post('takes', 'audio/wav', take, headers); } catch (error) {
          if (error instanceof Refused) throw error;
          if (attempt === 0) tell(error instanceof Later ? `${error.message} ${props.words.kept}` : props.words.unsent, 'bad');
          await new Promise((resolve) => { setTimeout(resolve, AGAIN_MS); });
        }
      }
    } finally { this.waiting -= 1; }
  },
};
window.addEventListener('beforeunload', (event) => { if (outbox.waiting) event.preventDefault(); });

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

// What is left of the longest take, counted down; `onend` when nothing is.
class Clock {
  constructor(onend) {
    this.node = make('span', 'clock', { 'aria-hidden': 'true' });
    this.onend = onend;
    this.clear();
  }

  start() {
    const end = Date.now() + LONGEST_S * 1000;
    const tick = () => {
      const left = secondsLeft(end, Date.now());
      this.node.textContent = fill(props.words.left, { n: left });
      this.node.classList.toggle('short', left <= 5);
      if (!left) this.onend();
    };
    tick();
    this.timer = setInterval(tick, 250);
  }

  clear() {
    clearInterval(this.timer);
    this.node.textContent = fill(props.words.left, { n: LONGEST_S });
    this.node.classList.remove('short');
  }
}

// Counts 3, 2, 1 in `node`; false where `stopped()` says so meanwhile.
async function countIn(node, stopped) {
  for (const n of [3, 2, 1]) {
    node.textContent = n;
    await new Promise((resolve) => { setTimeout(resolve, 700); });
    if (stopped()) return false;
  }
  return true;
}

// The one speaker's name of the card, which uploads use too.
/** @returns {HTMLInputElement | HTMLTextAreaElement | null} */
function speakerField() { return document.querySelector('#speaker input, #speaker textarea'); }
