// The microphone: one stream while somebody records, its level, takes as WAV files, and their way to the server.
const BEFORE_S = 0.3; // heard before the press is kept: people speak as they press
const AFTER_S = 0.2; // and after it
const LONGEST_S = 29; // of a take; a clip may last 30 s
const QUIET_DB = -42; // as the server judges it
const LOUD = 0.985; // of full scale
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

function make(tag, className, attributes = {}, text = null) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== null) node.textContent = text;
  return node;
}

function fill(sentence, facts) {
  return sentence.replace(/\{(\w+)\}/g, (_, name) => facts[name]);
}

class Microphone {
  constructor() {
    this.stream = null;
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
    try { await this.listen(); } catch {
      this.close();
      throw new Error(props.words.busy);
    }
  }

  async listen() {
    this.context = new AudioContext();
    await this.context.resume();
    const url = URL.createObjectURL(new Blob([CATCHER], { type: 'text/javascript' }));
    await this.context.audioWorklet.addModule(url);
    URL.revokeObjectURL(url);
    this.node = new AudioWorkletNode(this.context, 'catcher');
    this.before = [];
    this.parts = null;
    this.node.port.onmessage = (event) => this.hear(event.data);
    this.context.createMediaStreamSource(this.stream).connect(this.node);
    this.node.connect(this.context.destination); // silence; without it some browsers do not run the node
  }

  hear(samples) {
    let peak = 0;
    let power = 0;
    for (const sample of samples) {
      peak = Math.max(peak, Math.abs(sample));
      power += sample * sample;
    }
    this.onlevel(10 * Math.log10(power / samples.length + 1e-12), peak);
    if (this.parts) this.parts.push(samples);
    this.before.push(samples);
    while ((this.before.length - 1) * samples.length > BEFORE_S * this.context.sampleRate) this.before.shift();
  }

  begin() { this.parts = [...this.before]; }

  drop() { this.parts = null; }

  // The take as a WAV file; null where it was dropped meanwhile.
  async end() {
    await new Promise((resolve) => { setTimeout(resolve, AFTER_S * 1000); });
    const parts = this.parts;
    this.parts = null;
    return parts && wav(parts, this.context.sampleRate);
  }

  close() {
    if (!this.stream) return;
    this.stream.getTracks().forEach((track) => { track.onended = null; track.stop(); });
    this.stream = null;
    this.parts = null;
    if (this.context) this.context.close();
  }
}

// 16-bit mono; parts are Float32Arrays.
function wav(parts, rate) {
  const n = parts.reduce((sum, part) => sum + part.length, 0);
  const view = new DataView(new ArrayBuffer(44 + 2 * n));
  const word = (place, letters) => [...letters].forEach((c, i) => view.setUint8(place + i, c.charCodeAt(0)));
  word(0, 'RIFF'); view.setUint32(4, 36 + 2 * n, true); word(8, 'WAVEfmt ');
  view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
  view.setUint32(24, rate, true); view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true); view.setUint16(34, 16, true);
  word(36, 'data'); view.setUint32(40, 2 * n, true);
  let place = 44;
  for (const part of parts) for (const sample of part) {
    view.setInt16(place, Math.max(-32768, Math.min(32767, Math.round(sample * 32768))), true);
    place += 2;
  }
  return new Blob([view], { type: 'audio/wav' });
}

class Refused extends Error {} // the server's own sentence; asking again would not help
class Later extends Error {} // as well its own, but asking again may help: the disk is full, somebody has to sign in
const FINAL = [400, 404, 405, 413, 415, 422]; // answers that stay the same however often one asks

async function post(path, type, body, headers = {}) {
  const answer = await fetch(path, { method: 'POST', headers: { 'Content-Type': type, ...headers }, body });
  const said = await answer.json().catch(() => null); // a proxy in between answers with a page of its own
  if (answer.ok && said) return said;
  const final = FINAL.includes(answer.status);
  if (said && said.error) throw new (final ? Refused : Later)(said.error);
  if (final) throw new Refused(fill(props.words.between, { n: answer.status }));
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
      role: 'meter', 'aria-label': props.words.level, 'aria-valuemin': -60, 'aria-valuemax': 0, 'aria-valuenow': -60,
    });
    this.fill = make('i');
    this.bar.append(this.fill);
    this.word = make('span', 'level-word');
    this.node.append(this.bar, this.word);
    this.clear();
  }

  clear() {
    this.shown = -60;
    this.loud = this.good = 0;
    this.show(-60, 0);
  }

  show(db, peak) {
    const now = Date.now();
    this.shown = Math.max(db, this.shown - 2.5, -60);
    if (peak >= LOUD) this.loud = now;
    if (db > QUIET_DB) this.good = now;
    this.fill.style.width = `${Math.min(100, 100 * (this.shown + 60) / 54)}%`;
    const kind = now - this.loud < 1500 ? 'loud' : now - this.good < 600 ? 'good' : 'quiet';
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
      const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
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
function speakerField() { return document.querySelector('#speaker input, #speaker textarea'); }
