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

/** @type {Record<string, (row: any, event: any) => void>} */
const COMMANDS = {
  toggle: (row) => player.toggle(row),
  back: (row) => player.back(row),
  faster: (_row, event) => changeSpeed(event.shiftKey ? -1 : 1),
  undo: () => undoLast(),
  next: (row) => go(row, 1),
  previous: (row) => go(row, -1),
  keys: () => toggleKeys(),
  confirm: (row) => confirmAndNext(row),
};

element.addEventListener('keydown', (event) => {
  if (event.isComposing || element.querySelector('dialog').open) return;
  const writing = event.target.matches('textarea');
  const li = event.target.closest('li.clip');
  const row = (li && rows.get(Number(li.dataset.clip))) || current || shownRows()[0];
  if (!row) return;
  const command = commandOf(event, writing);
  if (!command) return;
  event.preventDefault();
  COMMANDS[command](row, event);
});
