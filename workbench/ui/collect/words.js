// The word list on its way: what the server is not known to have kept is marked, sent again, and remembered in this tab,
// since Gradio loads the page anew when its server was away.
const MEMORY = 'speech-workbench-words';
const PATIENCE_MS = 15000; // for the answer to a saved list
const mark = element.querySelector('.unsaved-words');
const lists = (() => { try { return JSON.parse(sessionStorage.getItem(MEMORY) || 'null') || {}; } catch { return {}; } })();
let shown = { set: '', said: '' }; // the set whose list stands in the field, and its list as the server has it
let timer = null;
let tries = 0;

function tell(sentence) {
  if (mark.textContent !== sentence) mark.textContent = sentence;
  mark.hidden = !sentence;
}

function remember() {
  try { sessionStorage.setItem(MEMORY, JSON.stringify(lists)); } catch { /* no storage: until a reload */ }
}

function later(pause, act) {
  clearTimeout(timer);
  timer = setTimeout(act, pause);
}

function again() {
  for (const [set, { text }] of Object.entries(lists)) trigger('keep', { set, text });
  later(PATIENCE_MS, unanswered);
}

function unanswered() {
  tell(props.words.noAnswer);
  again();
}

function settle(set) {
  delete lists[set];
  remember();
  if (Object.keys(lists).length) return;
  clearTimeout(timer);
  tries = 0;
  tell('');
}

function typed(text) {
  lists[shown.set] = { text, before: (lists[shown.set] || { before: shown.said }).before };
  remember();
  later(PATIENCE_MS, unanswered);
}

// What this tab had not brought home before it was loaded anew.
function resume({ set, said }) {
  const kept = lists[set];
  if (!kept) return;
  const met = standing(kept, said);
  if (met !== 'owed') settle(set);
  if (met === 'overtaken') tell(props.words.changed.replace('{text}', tidy(kept.text).split('\n').join(', ')));
  if (met !== 'owed') return;
  setTimeout(() => { // after the field has got the server's list
    const field = /** @type {HTMLTextAreaElement | null} */ (document.querySelector('#words textarea'));
    if (!field || shown.set !== set || !lists[set]) return;
    field.value = kept.text;
    field.dispatchEvent(new Event('input', { bubbles: true }));
  }, 500);
  later(pauseBefore(0), again);
}

function draw() {
  const value = props.value || {};
  if (value.opens) {
    shown = { set: value.set, said: value.said };
    resume(value);
    return;
  }
  const owed = lists[value.set];
  if (!owed || owed.text !== value.said) return; // a newer list is on its way
  if (value.why) {
    tell(value.why);
    later(pauseBefore(tries), again);
    tries += 1;
  } else {
    if (shown.set === value.set) shown.said = tidy(value.said);
    settle(value.set);
  }
}

document.addEventListener('input', (event) => {
  if (shown.set && event.target.matches && event.target.matches('#words textarea')) {
    typed(/** @type {HTMLTextAreaElement} */ (event.target).value);
  }
});
window.addEventListener('beforeunload', (event) => { if (tries > 0) event.preventDefault(); });
draw();
watch('value', draw);
