// The rules of the recorder, which touch neither the page nor the microphone: times and prompts.
const LONGEST_S = 29; // of a take; a clip may last 30 s
const A_PROMPT_S = 6; // about

const secondsLeft = (end, now) => Math.max(0, Math.ceil((end - now) / 1000));

// ---- prompts ----

// How many prompts these lines make, and about how many minutes they take.
function expected(lines, times) {
  const n = lines.split('\n').filter((line) => line.trim()).length * times;
  return { n, minutes: Math.max(1, Math.round(n * A_PROMPT_S / 60)) };
}

const nextPrompt = (items) => items.findIndex((item) => item.state === 'todo');
// Of a prompt that is skipped: a first reading stays.
const afterSkipping = (item) => ({ state: item.replaces ? 'saved' : 'skipped', replaces: null });

// What a key means while prompts are read.
function commandOf(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  return { Space: 'toggle', KeyR: 'repeat', ArrowRight: 'pass', KeyP: 'play' }[event.code] || null;
}
