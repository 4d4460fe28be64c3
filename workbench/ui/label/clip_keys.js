// The keys of the list of clips, and the dialog that explains them; what they do stands in clip_list.js.
function changeSpeed(steps) {
  player.faster(steps);
  bar.paint();
  say(filled(props.words.saidSpeed, { speed: player.speed }));
}

function toggleKeys() {
  const dialog = element.querySelector('dialog');
  if (dialog.open) { dialog.close(); return; }
  if (!dialog.childElementCount) {
    const words = props.words, table = make('dl', 'keys');
    for (const [key, what] of words.keyList) table.append(make('dt', '', {}, key), make('dd', '', {}, what));
    dialog.append(make('h3', '', {}, words.keysTitle), table, make('p', 'hint', {}, words.keysNote),
      make('p', 'hint', {}, words.unsureNote), press('plain', words.closeKeys, () => dialog.close()));
  }
  dialog.showModal();
}

const PLAIN = {
  F8: (row) => player.toggle(row),
  F7: (row) => player.back(row),
  F9: (row, event) => changeSpeed(event.shiftKey ? -1 : 1),
  F2: () => undoLast(),
};
const WITH_ALT = { ArrowDown: (row) => go(row, 1), ArrowUp: (row) => go(row, -1) };
const WITH_CONTROL = { ' ': PLAIN.F8, ',': PLAIN.F7, '.': PLAIN.F9, '/': () => toggleKeys() };

// AltGr writes letters on many keyboards and is told as Ctrl and Alt at once: it is never one of our keys.
function actOf(event, writing) {
  if (event.metaKey || (event.ctrlKey && event.altKey)) return null;
  if (event.key === '?' && !writing) return toggleKeys;
  return (event.ctrlKey ? WITH_CONTROL : event.altKey ? WITH_ALT : PLAIN)[event.key];
}

element.addEventListener('keydown', (event) => {
  if (event.isComposing || element.querySelector('dialog').open) return;
  const writing = event.target.matches('textarea');
  const li = event.target.closest('li.clip');
  const row = (li && rows.get(Number(li.dataset.clip))) || current || shownRows()[0];
  if (!row) return;
  if (event.key === 'Enter' && writing && !event.shiftKey && !event.ctrlKey && !event.altKey) {
    event.preventDefault();
    confirmAndNext(row);
    return;
  }
  const act = actOf(event, writing);
  if (!act) return;
  event.preventDefault();
  act(row, event);
});
