// Shows one stage of the page at a time, and keeps the address in step: a reload, the back button and a link that is
// sent to somebody open the same set, stage, run and clip. The other stages stay drawn, so that nothing typed is lost.
const LONGEST_SWITCH_MS = 20000; // an answer that got lost must not lock the page
let at = readAddress(location.hash);
let asked = null; // what the server was asked for and has not shown yet
let known = Boolean(at.step); // whether the stage was chosen by a person or by the address, rather than by the guide

const tabs = () => /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('.stepper a[data-step]'));

function write(next) {
  const before = at;
  at = next;
  const hash = writeAddress(at);
  if (hash === location.hash || hash === '#') return;
  if (isStep(before, at) && !asked) history.pushState(null, '', hash);
  else history.replaceState(null, '', hash);
}

function paint() {
  const step = at.step || 'collect';
  const changed = document.body.dataset.stage !== step;
  document.body.dataset.stage = step;
  for (const tab of tabs()) {
    if (tab.dataset.step === step) tab.setAttribute('aria-current', 'page');
    else tab.removeAttribute('aria-current');
  }
  if (changed) document.dispatchEvent(new CustomEvent('stage-opened', { detail: step }));
}

function openStage(step) {
  if (!STEPS.includes(step)) return;
  known = true;
  const moved = document.body.dataset.stage !== step;
  write({ ...at, step });
  paint();
  if (moved) window.scrollTo({ top: 0, behavior: 'instant' });
}
window.openStage = openStage;

function shown() {
  const value = props.value || {};
  if (value.set === undefined) return;
  delete document.documentElement.dataset.begun; // from now on answers show and hide the welcome
  write(withShown(at, value));
  if (!known && value.here) { // where no address names a stage, the guide does
    known = true;
    write({ ...at, step: value.here });
  }
  paint();
  if (asked && asked.set === at.set) asked = null;
  if (at.step === 'collect' && at.clip && value.set && !opened.has(value.set)) {
    opened.add(value.set);
    document.dispatchEvent(new CustomEvent('show-clip', { detail: Number(at.clip) }));
  }
}
const opened = new Set(); // sets in whose list the clip of the address was looked for

// The back button, or an address that was typed or pasted.
function arrive() {
  const before = at, wanted = readAddress(location.hash);
  const ask = missing(at, { ...wanted, set: wanted.set || at.set });
  at = { ...wanted, set: wanted.set || at.set, step: wanted.step || at.step };
  paint();
  if (ask && at.step === 'collect' && isAnotherClip(before, at)) {
    if (at.clip) document.dispatchEvent(new CustomEvent('show-clip', { detail: Number(at.clip) }));
  } else if (ask) {
    opened.delete(ask.set);
    asked = ask;
    trigger('go', ask);
    setTimeout(() => { // what cannot be shown is answered with what is shown already, which nobody is told of
      if (asked !== ask) return;
      asked = null;
      shown();
    }, LONGEST_SWITCH_MS / 2);
  }
}

document.addEventListener('click', (event) => {
  const tab = event.target.closest('.stepper a[data-step]');
  if (!tab || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  openStage(tab.dataset.step);
});
document.addEventListener('clip-shown', (event) => {
  const { step, id, drawn } = event.detail;
  if (drawn && at.clip) return; // what is drawn by itself takes no clip from an address that names one
  if (step === at.step && id) write({ ...at, clip: String(id) });
});
window.addEventListener('popstate', arrive);
window.addEventListener('hashchange', arrive);

// What is shown is of the set before until the answers for the chosen one have come; nothing of it can be used then.
let chosen = null; // a set that was chosen here and is not shown yet
function switching(name) {
  chosen = name;
  hold();
  setTimeout(() => { if (chosen === name) { chosen = null; hold(); } }, LONGEST_SWITCH_MS);
}
window.switchingTo = switching;

function hold() {
  const of = /** @type {HTMLElement | null} */ (document.querySelector('#brief [data-of]'))?.dataset.of;
  const late = chosen !== null && chosen !== '' && (at.set !== chosen || of !== chosen);
  if (!late) chosen = null;
  const board = document.getElementById('board');
  if (board && board.inert !== late) board.inert = late;
}

// The tabs are drawn anew with every new fact, whichever element holds them by then.
new MutationObserver(() => {
  if (!document.querySelector('.stepper a[aria-current]')) paint();
  if (chosen !== null) hold();
}).observe(document.body, { childList: true, subtree: true });
paint();
shown();
watch('value', shown);
