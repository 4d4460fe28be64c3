// The strip of blocks: each a toggle button, the arrow keys go from one to the next. A click answers at once; the server
// is told the list of blocks and answers with the same list, or with another strategy's.
const words = props.words;
const strip = element.querySelector('.strip');
const ofBlock = element.querySelector('.of-block');
const counts = element.querySelector('.counts');
const explained = element.querySelector('.explained');
let blocks = []; // {name, short, part, sizes, button, mark}
let shape = '';
let chosen = null; // the block whose menu is shown
let waiting = null; // the list that was sent and not yet answered

function paintBlock(block) {
  const learns = block.part !== 'nothing';
  block.button.className = `block${learns ? ' learns' : ''}${learns && block.part !== 'all' ? ' some' : ''}`;
  block.button.setAttribute('aria-pressed', String(learns));
  const said = `${block.called}: ${words.parts[block.part] || block.part}`;
  block.button.setAttribute('aria-label', said);
  block.button.title = `${said}, ${count(block.sizes.all)} ${words.weights}`;
  block.mark.textContent = words.marks[block.part] || '';
}

function paint() {
  blocks.forEach(paintBlock);
  const learning = blocks.filter((b) => b.part !== 'nothing');
  const n = learning.reduce((sum, b) => sum + b.sizes[b.part], 0);
  const total = (props.value || {}).total || 1;
  const values = { k: learning.length, n: blocks.length, learn: count(n), all: count(total),
    share: number(100 * n / total, 1, 1) };
  const said = learning.length ? fill(words.counts, values) : words.none;
  if (blocks.length && counts.textContent !== said) counts.textContent = said;
  strip.setAttribute('aria-label', words.strip);
  paintMenu();
}

function send() {
  waiting = listed(blocks, words.written);
  paint();
  trigger('pick', { list: waiting });
}

function toggle(block) {
  block.part = block.part === 'nothing' ? 'all' : 'nothing';
  chosen = block.name;
  send();
}

function choose(block, focus) {
  chosen = block.name;
  blocks.forEach((b) => { b.button.tabIndex = b === block ? 0 : -1; });
  if (focus) block.button.focus();
  paintMenu();
}

function key(event, block) {
  const place = placeAfter(event.key, blocks.indexOf(block), blocks.length);
  if (!blocks[place]) return;
  event.preventDefault();
  choose(blocks[place], true);
}

// The menu of what learns in the block that was touched last; kept as it is while it says the same.
/** @type {string | null} */
let menuOf = null;
function paintMenu() {
  const block = blocks.find((b) => b.name === chosen);
  const sign = block ? JSON.stringify([block.name, block.part, block.sizes]) : '';
  if (sign === menuOf) return;
  menuOf = sign;
  if (!block) { ofBlock.replaceChildren(...(blocks.length ? [make('span', 'hint', words.how)] : [])); return; }
  const there = ofBlock.querySelector('select');
  const select = there && there.dataset.block === block.name ? there
    : make('select', '', null, { 'data-block': block.name });
  if (select !== there) {
    const label = make('label', '', null);
    label.append(make('span', '', fill(words.inBlock, { name: block.called })));
    label.append(select);
    ofBlock.replaceChildren(label);
  }
  select.replaceChildren(...Object.entries(block.sizes).map(([part, n]) => {
    const said = part === 'nothing' ? words.offers[part] : `${words.offers[part]} (${count(n)})`;
    const option = make('option', '', said, { value: part });
    option.selected = part === block.part;
    return option;
  }));
  select.onchange = () => { block.part = select.value; send(); };
}

function build(groups) {
  blocks = [];
  strip.replaceChildren(...groups.map((group) => {
    const box = make('div', `group ${group.name}`, null, { role: 'group', 'aria-label': group.title });
    const row = make('div', 'row');
    for (const b of group.blocks) {
      const block = { ...b, button: make('button', 'block', null, { type: 'button' }), mark: make('i', '') };
      block.mark.setAttribute('aria-hidden', 'true');
      block.button.append(block.mark, make('span', '', b.short));
      block.button.tabIndex = blocks.length ? -1 : 0;
      block.button.onclick = () => toggle(block);
      block.button.onfocus = () => choose(block, false);
      block.button.onkeydown = (event) => key(event, block);
      blocks.push(block);
      row.append(block.button);
    }
    box.append(row, make('span', 'group-name', group.title));
    box.style.flex = `${group.blocks.length} 1 ${group.blocks.length * 44}px`;
    return box;
  }));
}

function draw() {
  const value = props.value || {};
  const groups = value.groups || [];
  if (waiting !== null && value.custom && value.list !== waiting) return; // an answer to an earlier click
  waiting = null;
  const now = JSON.stringify(groups.map((g) => [g.title, g.blocks.map((b) => [b.name, b.short])]));
  if (now !== shape) {
    shape = now;
    chosen = null;
    build(groups);
  }
  groups.flatMap((g) => g.blocks).forEach((b, i) => { blocks[i].part = b.part; blocks[i].sizes = b.sizes; });
  explained.replaceChildren(make('b', '', value.title || ''), ' ', make('code', '', value.strategy || ''),
    make('span', '', ` ${value.sentence || ''}`));
  strip.hidden = !blocks.length;
  paint();
  if (!blocks.length) counts.textContent = value.problem || '';
}
draw();
watch('value', draw);
