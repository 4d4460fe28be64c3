// The rules of the strip of blocks, which touch no page.
function count(n) {
  return n >= 100000 ? `${number(n / 1e6, 1, 1)} M` : number(n);
}

function fill(sentence, values) {
  return sentence.replace(/\[(\w+)\]/g, (_, name) => values[name]);
}

// The blocks that learn, as the setting "blocks" and the command line write them.
function listed(blocks, written) {
  return blocks.filter((b) => b.part !== 'nothing')
    .map((b) => (b.part === 'all' ? b.name : `${b.name}: ${written[b.part]}`)).join(', ');
}

// Where a key leads from a block, which may lie outside the strip; -1 for a key that is not the strip's.
function placeAfter(key, place, n) {
  if (key === 'Home') return 0;
  if (key === 'End') return n - 1;
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[key];
  return step ? place + step : -1;
}
