// The rules of trimming, which touch no page: where the handles may go, what loops, and which act an undo takes back.
const SHORTEST_S = 0.2; // what the server lets be left of a clip
const STEP_S = 0.05;
const LEAP_S = 0.5;

const between = (value, low, high) => Math.min(Math.max(value, low), high);
const hundredths = (seconds) => Math.round(seconds * 100) / 100;

// The part [start, end] after one of its handles, 0 or 1, was taken to a place of a sound of so many seconds. The ends of
// the sound itself are reached exactly, whatever their fractions.
function withHandle(part, handle, at, whole) {
  const place = at <= 0 ? 0 : at >= whole ? whole : hundredths(at);
  const [start, end] = part;
  return handle === 0
    ? [between(place, 0, Math.max(0, hundredths(end - SHORTEST_S))), end]
    : [start, between(place, Math.min(whole, hundredths(start + SHORTEST_S)), whole)];
}

// Where a key takes a handle that stands at a place; null where the key is none of a slider's.
function keyedTo(event, at, whole) {
  if (event.ctrlKey || event.altKey || event.metaKey) return null;
  const step = event.shiftKey ? LEAP_S : STEP_S;
  const to = {
    ArrowLeft: at - step, ArrowDown: at - step, ArrowRight: at + step, ArrowUp: at + step,
    PageDown: at - LEAP_S, PageUp: at + LEAP_S, Home: 0, End: whole,
  };
  return event.key in to ? between(to[event.key], 0, whole) : null;
}

const nearestHandle = (part, at) => (Math.abs(at - part[0]) <= Math.abs(at - part[1]) ? 0 : 1);
const isAll = (part, whole) => part[0] <= 0 && part[1] >= whole;
const isSame = (part, other) => part.every((at, i) => Math.abs(at - other[i]) < 0.001);

// Where a loop goes on from; null while it is within its part.
const loopedFrom = (at, part, slack = 0.02) => (at >= part[1] || at < part[0] - slack ? part[0] : null);

// The trim that an undo of one clip takes back: its newest act here where that was one, or the only thing that there is.
function trimToUndo(act, clip) {
  if (act) return act.trim ?? null;
  return clip.revision === 0 && clip.trims > 0 ? clip.trims : null;
}
