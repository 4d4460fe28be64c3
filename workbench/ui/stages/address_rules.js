// The rules of the page's address, which touch no page: "#set=clinic&step=compare&run=run-3&clip=12".
const STEPS = ['collect', 'adapt', 'compare'];
const PARTS = ['set', 'step', 'run', 'clip'];

// What an address names; whatever is none of its parts, or no step, is passed over.
function readAddress(hash) {
  const found = new URLSearchParams(hash.replace(/^#/, ''));
  const at = Object.fromEntries(PARTS.map((part) => [part, (found.get(part) || '').slice(0, 200)]));
  if (!STEPS.includes(at.step)) at.step = '';
  if (!/^\d{1,15}$/.test(at.clip)) at.clip = '';
  return at;
}

function writeAddress(at) {
  const said = new URLSearchParams();
  for (const part of PARTS) if (at[part]) said.set(part, at[part]);
  return `#${said}`;
}

// Whether going from one address to the other is a step that the back button takes back: another clip is not.
const isStep = (before, after) => ['set', 'step', 'run'].some((part) => before[part] && before[part] !== after[part]);

// Whether nothing but the clip, and perhaps the stage, is another one.
const isAnotherClip = (before, after) => before.set === after.set && (!after.run || before.run === after.run);

// What the server shows, put into the address: another set or run has other clips.
function withShown(at, { set = '', run = '' }) {
  const other = set !== at.set || (at.run && run !== at.run);
  return { ...at, set, run, clip: other && at.set ? '' : at.clip };
}

// What the server has to be asked for, None where it shows it already.
function missing(shown, wanted) {
  const other = wanted.set !== shown.set || (wanted.run && wanted.run !== shown.run);
  return other || wanted.clip !== shown.clip ? { set: wanted.set, run: wanted.run, clip: wanted.clip } : null;
}
