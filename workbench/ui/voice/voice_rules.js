// Where what is spoken is cut: at pauses, told by how far they lie below the voice and above the room.
const PAUSE_S = 0.4; // of quiet that ends a piece
const LONGEST_PIECE_S = 9.8; // models that were adapted in a shorter window hear 10 s at once
const EARLIEST_CUT_S = 6.5; // of a piece that has no pause: it ends where it was quietest between this and the longest
const SHORTEST_SPEECH_S = 0.12; // less is a click
const LEAD_S = 0.3; // kept before the first sound that counts
const TAIL_S = 0.25; // and after the last
const BELOW_VOICE_DB = 22; // a pause lies at least so far below the voice
const ABOVE_ROOM_DB = 8; // or at most so far above the room
const FAINTEST_DB = -58; // of full scale; what is fainter is never speech
const SOFTEST_VOICE_DB = -32; // what the voice's level falls to while nobody speaks
const VOICE_FALLS = 6; // dB a second
const ROOM_RISES = 10; // dB a second
const LONGEST_SESSION_S = 80; // its sound has to fit into one request
const RATE_HZ = 16000; // that models hear at
const MOST_SENT = 4; // pieces on their way at once

// Takes the level of one block of samples after the other; a cut is { from, to } in blocks.
class Cutter {
  /** @param {number} blockS seconds of a block */
  constructor(blockS) {
    this.blockS = blockS;
    this.n = 0;
    this.voice = SOFTEST_VOICE_DB;
    this.room = FAINTEST_DB - ABOVE_ROOM_DB;
    this.least = 0; // where the last piece ended
    /** @type {number | null} */
    this.start = null; // of the piece that is being said
    this.last = 0; // the block after its last one that was loud
    this.loud = 0; // how many were
    /** @type {number[]} */
    this.levels = [];
  }

  clear() {
    this.start = null;
    this.last = this.loud = 0;
    this.levels = [];
  }

  blocks(seconds) { return Math.round(seconds / this.blockS); }

  // The level above which somebody speaks.
  threshold() { return Math.max(this.room + ABOVE_ROOM_DB, this.voice - BELOW_VOICE_DB, FAINTEST_DB); }

  // What is cut off with this block; null while nothing is.
  add(db) {
    this.voice = Math.max(db, this.voice - VOICE_FALLS * this.blockS, SOFTEST_VOICE_DB);
    this.room = Math.min(Math.max(db, FAINTEST_DB - ABOVE_ROOM_DB), this.room + ROOM_RISES * this.blockS);
    const speaks = db > this.threshold();
    this.n += 1;
    if (speaks && this.start === null) this.start = Math.max(this.least, this.n - 1 - this.blocks(LEAD_S));
    if (this.start === null) return null;
    if (speaks) { this.last = this.n; this.loud += 1; }
    this.levels.push(db);
    if (this.n - this.last >= this.blocks(PAUSE_S)) return this.end();
    return this.n - this.start >= this.blocks(LONGEST_PIECE_S) ? this.cutAtQuietest() : null;
  }

  // What is left when nobody speaks any more; null where that is nothing.
  end() {
    const { start, last, loud } = this;
    const to = Math.min(this.n, last + this.blocks(TAIL_S));
    this.clear();
    if (start === null || loud * this.blockS < SHORTEST_SPEECH_S) return null;
    this.least = to;
    return { from: start, to };
  }

  cutAtQuietest() {
    const from = this.start ?? 0;
    const first = this.n - this.levels.length; // the block of the first level
    let to = this.n;
    let quietest = Infinity;
    for (let i = Math.max(0, from + this.blocks(EARLIEST_CUT_S) - first); i < this.levels.length; i += 1) {
      if (this.levels[i] <= quietest) { quietest = this.levels[i]; to = first + i + 1; }
    }
    this.levels = this.levels.slice(to - first);
    this.start = this.least = to;
    this.last = Math.max(this.last, to);
    this.loud = this.levels.filter((db) => db > this.threshold()).length;
    return { from, to };
  }
}

// What the drawer says: 'behind' where several pieces have no text yet, 'hearing' where some are on their way.
function standing(unheard, underway, listening) {
  if (unheard > 2) return 'behind';
  if (listening) return 'listening';
  return underway > 0 ? 'hearing' : '';
}
