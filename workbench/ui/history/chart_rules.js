// The rules of the chart of runs, which touch no page: axes, what is written beside them, and where a run stands.
const SPANS_S = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800, 604800];
const LOG_FROM = 8; // times as long as the shortest run: on a plain axis the short ones would stand in one place
const MOST_BASES = 3; // lines; more of them are a grid that nobody reads

function timeAxis(seconds) {
  const low = Math.max(1, Math.min(...seconds)), high = Math.max(low, ...seconds);
  return high / low >= LOG_FROM ? { log: true, low: low / 1.3, high: high * 1.3 } : { log: false, low: 0, high: high * 1.08 };
}

// From 0 at the left to 1 at the right.
function along(axis, value) {
  const at = axis.log ? Math.log : (x) => x;
  return (at(Math.max(axis.log ? 1e-9 : 0, value)) - at(axis.low)) / (at(axis.high) - at(axis.low));
}

function timeTicks(axis, most) {
  if (axis.log) {
    const inside = SPANS_S.filter((span) => span >= axis.low && span <= axis.high);
    const every = Math.ceil(inside.length / most);
    return inside.filter((_, i) => i % every === 0);
  }
  const step = SPANS_S.find((span) => axis.high / span <= most) || axis.high / most;
  return Array.from({ length: Math.floor(axis.high / step + 1e-9) + 1 }, (_, i) => i * step);
}

// Error rates as fractions; the ends lie on ticks, so that no whisker leaves the picture.
function rateAxis(points) {
  const ends = points.flatMap((p) => [p.base, p.wer, p.low, p.high].filter((v) => v !== null));
  const low = Math.max(0, Math.min(...ends)), high = Math.max(...ends);
  const rough = Math.max(high - low, 0.004) / 4, ten = 10 ** Math.floor(Math.log10(rough));
  const step = ten * ([1, 2, 5].find((n) => n * ten >= rough - 1e-12) || 10);
  const from = Math.floor(low / step + 1e-9), to = Math.max(from + 1, Math.ceil(high / step - 1e-9));
  return { log: false, low: from * step, high: to * step, ticks: Array.from({ length: to - from + 1 }, (_, i) => (from + i) * step) };
}

// Runs differ in their base and test clips: the lines of those that most of them began from.
function baseLines(points) {
  const found = new Map();
  for (const point of points) {
    const key = `${point.model} ${point.base.toFixed(3)}`;
    found.set(key, [point, (found.get(key) || [0, 0])[1] + 1]);
  }
  return [...found.values()].sort((a, b) => b[1] - a[1]).slice(0, MOST_BASES).map(([{ base, model }]) => ({ base, model }));
}

function spanOf(seconds, units) {
  if (seconds < 60) return `${number(seconds)} ${units.s}`;
  return seconds < 7200 ? `${number(Math.round(seconds / 60))} ${units.min}` : `${number(seconds / 3600, 0, 1)} ${units.h}`;
}

const rateOf = (rate) => `${number(100 * rate, 0, 1)} %`;
