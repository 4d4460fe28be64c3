// The rules of the overview's pictures, which touch no page: bars, axes, and which point is meant.
const MOST_BARS = 13; // a finger still finds one of them on a phone
const filled = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (_, name) => values[name]);
// The words for a number of things, of {one, other}; languages with more forms have "other" for those.
const counted = (n, forms) => forms[new Intl.PluralRules(language()).select(n)] ?? forms.other;
const clean = (number) => Number(number.toPrecision(12)); // 3 * 0.2 is to be 0.6, here as at the server

// A step of 1, 2 or 5 times a power of ten, so that a span takes no more of them than this.
function niceStep(span, most) {
  const raw = Math.max(span, 1e-9) / most, power = 10 ** Math.floor(Math.log10(raw));
  const factor = [1, 2, 5, 10].find((f) => f * power >= raw * (1 - 1e-9));
  return clean((factor ?? 10) * power);
}

// The value that this share of the values lies under; they are sorted.
const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];

// Bars over values, of which null are passed over: {low, high, n}, a value lying in low <= value < high. A few values far
// above the others, as wrong texts have, lie in a last bar without an end (high is null), so that the rest can be seen.
function bars(values, most = MOST_BARS) {
  const known = values.filter((v) => v !== null).sort((a, b) => a - b);
  if (!known.length) return [];
  const top = known[known.length - 1], bulk = quantile(known, 0.98), far = top > known[0] + 2 * (bulk - known[0]) && bulk > known[0];
  const step = niceStep((far ? bulk : top) - known[0], most - (far ? 2 : 1));
  const first = Math.floor(known[0] / step + 1e-9), end = Math.floor((far ? bulk : top) / step + 1e-9) + 1;
  const found = [];
  for (let k = first; k < end; k += 1) found.push({ low: clean(k * step), high: clean((k + 1) * step), n: 0 });
  if (far) found.push({ low: clean(end * step), high: null, n: 0 });
  for (const bar of found) bar.n = known.filter((v) => v >= bar.low && (bar.high === null || v < bar.high)).length;
  return found;
}

// Numbers along an axis, from the first at or below the values to the last at or above them.
function ticks(low, high, most) {
  const step = niceStep(high - low || 1, most), found = [];
  for (let k = Math.floor(low / step + 1e-9); ; k += 1) {
    found.push(clean(k * step));
    if (k * step >= high - 1e-9 && found.length > 1) return found;
  }
}

// From numbers to pixels: x to the right, y upwards; `span` is what both axes show, `box` the pixels that they take.
function frame(span, box) {
  const [x0, x1, y0, y1] = span, { left, top, width, height } = box;
  return {
    x: (v) => left + (v - x0) / (x1 - x0) * width,
    y: (v) => top + height - (v - y0) / (y1 - y0) * height,
    atX: (pixel) => x0 + (pixel - left) / width * (x1 - x0),
    atY: (pixel) => y0 + (top + height - pixel) / height * (y1 - y0),
  };
}

// The place of the point nearest to a pixel, -1 where none is this near; points are [x, y] in pixels.
function nearest(points, x, y, most) {
  let found = -1, least = most * most;
  points.forEach(([px, py], place) => {
    const far = (px - x) ** 2 + (py - y) ** 2;
    if (far <= least) { least = far; found = place; }
  });
  return found;
}

// What a box that was drawn from one corner to the other holds: the ranges of both axes.
function boxed(axes, a, b) {
  const ends = (p, q) => [Math.min(p, q), Math.max(p, q)].map((v) => Number(v.toFixed(2)));
  return { duration: ends(axes.atX(a[0]), axes.atX(b[0])), level: ends(axes.atY(a[1]), axes.atY(b[1])) };
}
