// The rules of the timeline, which touch no page: its axes and its colours.
const TICKS = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]; // seconds
const BEFORE_S = 0.3; // seen before the first word
const MOST_ROWS = 3; // of words
const SLACK = 8; // pixels by which a word may stand late rather than in another row
const QUIET_SHARE = 0.25; // of a picture that is taken for its background
const LEAST_RANGE = 112; // 35 dB, so that silence is not drawn as noise
const APART = 56; // pixels from one tick to the next, at least
const MAPS = { // seventeen colours each, from silent to loud
  magma: '000004 0a0822 1d1147 36106b 51127c 6a1c81 832681 9c2e7f b73779 d0416f e75263 f56b5c fc8961 fea772 fec488 fde2a3 fcfdbf',
  viridis: '440154 48186a 472d7b 424086 3b528b 33638d 2c728e 26828e 21918c 1fa088 28ae80 3fbc73 5ec962 84d44b addc30 d8e219 fde725',
  paper: 'ffffff f2f2f2 e5e5e5 d8d8d8 cbcbcb bebebe b0b0b0 a2a2a2 939393 848484 757575 656565 545454 434343 313131 1d1d1d 000000',
};

// Seconds from tick to tick, where a second takes this many pixels.
const tickStep = (pixels) => TICKS.find((seconds) => seconds * pixels >= APART) ?? TICKS[TICKS.length - 1];

// Where the view opens: a little before the first word that has a time, on any lane.
function openingSecond(lanes) {
  const begins = lanes.flatMap((lane) => lane.words.map((word) => word.from)).filter((from) => from !== null);
  return begins.length ? Math.max(0, Math.min(...begins) - BEFORE_S) : 0;
}

// Where words are drawn so that each can be read whole: {left, width, row}, in pixels. A word that is shorter than its
// letters goes on in the row where there is room first, behind what stands there where there is none.
/** @param {{from: number, to: number, need: number, low?: boolean}[]} found in order; `low` never in the first row */
function placeWords(found, pixels, gap = 2) {
  const ends = [];
  return found.map(({ from, to, need, low }) => {
    const wanted = from * pixels, width = Math.max((to - from) * pixels - gap, need);
    const first = low ? 1 : 0;
    let row = first;
    while (row < MOST_ROWS - 1 && (ends[row] ?? -Infinity) > wanted + SLACK) row += 1;
    if ((ends[row] ?? -Infinity) > wanted + SLACK) { // full everywhere: where there is room first
      for (let other = first; other < MOST_ROWS; other += 1) if ((ends[other] ?? 0) < (ends[row] ?? 0)) row = other;
    }
    const left = Math.max(wanted, ends[row] ?? 0);
    ends[row] = left + width + gap;
    return { left, width, row };
  });
}

// The levels between which a picture's colours go, 0 to 255: from just below what is always there to the loudest moments.
// A recording with little noise would be black for the most part otherwise, one with much of it grey.
function levelsOf(bytes) {
  const counts = new Uint32Array(256);
  for (const byte of bytes) counts[byte] += 1;
  const level = (share) => {
    let left = share * bytes.length, i = 0;
    while (i < 255 && (left -= counts[i]) > 0) i += 1;
    return i;
  };
  const high = Math.max(level(0.998), 1);
  return [Math.max(0, Math.min(level(QUIET_SHARE), high - LEAST_RANGE)), high];
}

// Where a frequency lies, 0 at the bottom and 1 at 8 kHz; mel as Slaney's, which librosa draws.
function heightOf(hz, scale) {
  if (scale === 'linear') return hz / 8000;
  const mel = (f) => (f < 1000 ? 3 * f / 200 : 15 + 27 * Math.log(f / 1000) / Math.log(6.4));
  return mel(hz) / mel(8000);
}

// 256 colours from silent to loud, four bytes each.
function colourTable(map) {
  const stops = MAPS[map].split(' ').map((c) => [0, 2, 4].map((i) => parseInt(c.slice(i, i + 2), 16)));
  const table = new Uint8ClampedArray(256 * 4);
  for (let i = 0; i < 256; i += 1) {
    const at = i / 255 * (stops.length - 1);
    const low = Math.min(Math.floor(at), stops.length - 2);
    for (let c = 0; c < 3; c += 1) table[4 * i + c] = stops[low][c] + (at - low) * (stops[low + 1][c] - stops[low][c]);
    table[4 * i + 3] = 255;
  }
  return table;
}
