// What is spoken: the pieces that are cut out of it, and their way to the models and back.

// A WAV file at the rate that models hear at; the browser's own resampler, which keeps out what would alias.
async function at16k(parts, rate) {
  const file = wav(parts, rate);
  if (rate === RATE_HZ) return file;
  const sound = await new OfflineAudioContext(1, 1, RATE_HZ).decodeAudioData(await file.arrayBuffer());
  return wav([sound.getChannelData(0)], RATE_HZ);
}

async function inBase64(file) {
  const reader = new FileReader();
  await new Promise((resolve, reject) => { reader.onload = resolve; reader.onerror = reject; reader.readAsDataURL(file); });
  return String(reader.result).split(',')[1];
}

// An answer's lines of JSON, each as soon as it is there.
async function* told(path, type, body, headers = {}) {
  const answer = await fetch(path, { method: 'POST', headers: { 'Content-Type': type, ...headers }, body });
  if (!answer.ok || !answer.body) throw problemOf(answer, await answer.json().catch(() => null));
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (text + value).split('\n');
    text = lines.pop() ?? '';
    for (const line of lines.filter(Boolean)) {
      const one = JSON.parse(line);
      if (one.error) throw new Refused(one.error);
      yield one;
    }
  }
}

// From Speak to Stop. `onpiece` is called when a piece is cut off, `online` with each line that the server says of it,
// `onfailed` where there is no answer, `onchange` whenever something is on its way or has arrived.
class Session {
  constructor(asked, roles, calls) {
    this.asked = asked; // set and run
    this.roles = roles; // of those who hear
    this.calls = calls;
    /** @type {Float32Array[]} */
    this.parts = [];
    /** @type {any[]} */
    this.pieces = [];
    /** @type {any[]} */
    this.waiting = [];
    this.sent = 0;
    this.rate = RATE_HZ;
    /** @type {Cutter | null} */
    this.cutter = null;
  }

  // Pieces on their way or before it, and those among them that no model has heard.
  get underway() { return this.waiting.length + this.sent; }

  get unheard() { return this.pieces.filter((piece) => !piece.failed && !Object.keys(piece.texts).length).length; }

  get seconds() { return this.cutter ? this.parts.length * this.cutter.blockS : 0; }

  hear(samples, rate, db) {
    this.rate = rate;
    this.cutter = this.cutter || new Cutter(samples.length / rate);
    this.parts.push(samples);
    this.take(this.cutter.add(db));
  }

  end() { if (this.cutter) this.take(this.cutter.end()); }

  take(cut) {
    if (!cut || !this.cutter) return;
    const { blockS } = this.cutter;
    const piece = { from: cut.from * blockS, to: cut.to * blockS, texts: {}, cutAt: performance.now() };
    this.pieces.push(piece);
    this.waiting.push([piece, this.parts.slice(cut.from, cut.to)]);
    this.calls.onpiece(piece);
    this.send();
  }

  send() {
    this.calls.onchange();
    if (this.sent >= MOST_SENT || !this.waiting.length) return;
    const [piece, parts] = this.waiting.shift();
    this.sent += 1;
    this.ask(piece, parts).catch((error) => { piece.failed = true; this.calls.onfailed(piece, error); })
      .finally(() => { this.sent -= 1; this.send(); });
  }

  async ask(piece, parts) {
    const headers = { 'X-Take': encodeURIComponent(JSON.stringify(this.asked)) };
    for await (const line of told('voice/pieces', 'audio/wav', await at16k(parts, this.rate), headers)) {
      this.calls.online(piece, line);
    }
  }

  // All of it, as the server takes it in.
  async whole() {
    const pieces = this.pieces.map(({ from, to, texts }) => ({ from, to, texts: this.roles.map((role) => texts[role] || '') }));
    return JSON.stringify({ ...this.asked, pieces, wav: await inBase64(await at16k(this.parts, this.rate)) });
  }
}
