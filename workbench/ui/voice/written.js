// What models wrote, as the page shows it: words with their marks, and a row with a cell for each side.
const SIGNS = { missing: 'del', extra: 'ins', unlike: 'u', wrong: 'span', alike: 'span' };

function wordNode(word) {
  if (!word.kind) return document.createTextNode(word.text);
  const node = make(SIGNS[word.kind], { wrong: 'sub', alike: 'alike', unlike: 'unlike' }[word.kind] || null);
  if (word.said) node.append(make('s', null, {}, word.said), ' ');
  node.append(word.text);
  return node;
}

function write(node, side) {
  node.replaceChildren(...side.words.flatMap((word, i) => [i ? side.glue ?? ' ' : '', wordNode(word)]));
  if (!side.words.length) node.append(make('em', null, {}, props.words.nothing));
}

// A piece: a cell for each side.
function row(roles) {
  const node = make('div', 'voice-row');
  const cells = {};
  for (const role of roles) {
    const cell = make('div', `cell ${role}`);
    cells[role] = make('p', 'waits', {}, '…');
    cell.append(make('small', 'tag', {}, props.words.titles[role]), cells[role]);
    node.append(cell);
  }
  return { node, cells };
}

function show(cells, role, side) {
  if (!cells[role]) return; // who hears was changed meanwhile, elsewhere
  cells[role].classList.remove('waits');
  write(cells[role], side);
}
