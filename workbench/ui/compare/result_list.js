// The tested clips, the most improved first, in groups that may overlap; names reach the page through textContent only.
// Only the lines in sight are built, so that thousands of clips stay quick, and choosing one asks for that clip alone.
const STEP = 40;
const words = props.words;
const bar = element.querySelector('.filters');
const box = element.querySelector('.results');
const body = element.querySelector('tbody');
const caption = element.querySelector('caption');
const more = element.querySelector('button.more');
const none = element.querySelector('.none');
let shown = STEP;
let group = 'all';
let chosen = null;
let meant = null; // the clip that the server showed last
let key = null;

function cell(tag, text, attributes = {}) {
  const node = document.createElement(tag);
  node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

const filters = Object.fromEntries(Object.keys(GROUPS).map((name) => {
  const button = cell('button', '', { type: 'button', class: 'filter', title: words.about[name], 'data-group': name });
  button.onclick = () => { group = name; shown = STEP; draw(); box.scrollTop = 0; };
  bar.append(button);
  return [name, button];
}));

function tell(drawn = false) {
  if (chosen) document.dispatchEvent(new CustomEvent('clip-shown', { detail: { step: 'compare', id: chosen, drawn } }));
}

function choose(id) {
  chosen = id;
  mark();
  tell();
  trigger('select', { id });
}

// N goes to the next clip that is still wrong, Shift N to the one before, whichever group the list shows.
function goToWrong(step) {
  const clips = (props.value || {}).clips || [];
  const next = nextWrong(clips, chosen, step);
  if (next === null) return;
  if (!clips.filter(GROUPS[group]).some((clip) => clip.id === next)) group = 'wrong';
  shown = Math.max(shown, listed(clips, group).findIndex((clip) => clip.id === next) + 1);
  draw();
  choose(next);
  /** @type {HTMLElement | null} */ (body.querySelector(`tr[data-clip="${next}"] button`))?.focus();
}

document.addEventListener('keydown', (event) => {
  const typing = event.target.closest('input, textarea, select, [contenteditable]');
  if (event.key.toLowerCase() !== 'n' || event.ctrlKey || event.metaKey || event.altKey || typing) return;
  if (document.body.dataset.stage !== 'compare' || element.querySelector('table').hidden) return;
  event.preventDefault();
  goToWrong(event.shiftKey ? -1 : 1);
});

function mark() {
  body.querySelectorAll('tr').forEach((tr) => {
    if (Number(tr.dataset.clip) === chosen) tr.setAttribute('aria-current', 'true');
    else tr.removeAttribute('aria-current');
  });
}

function line(clip) {
  const tr = document.createElement('tr');
  tr.dataset.change = clip.kind;
  tr.dataset.clip = clip.id;
  const name = document.createElement('th');
  name.scope = 'row';
  const button = cell('button', clip.name, { type: 'button', title: clip.name });
  button.onclick = () => choose(clip.id);
  button.onkeydown = (event) => {
    const step = { ArrowDown: 'nextElementSibling', ArrowUp: 'previousElementSibling' }[event.key];
    const next = step && tr[step] && tr[step].querySelector('button');
    if (next) { event.preventDefault(); next.focus(); }
  };
  const text = cell('span', clip.reference, { class: 'said' });
  name.append(button, text);
  tr.onclick = (event) => { if (event.target !== button) button.click(); };
  tr.append(name, cell('td', clip.speaker), cell('td', clip.base), cell('td', clip.adapted), cell('td', clip.change, { class: 'change' }));
  return tr;
}

function draw() {
  const value = props.value || {};
  const clips = value.clips || [];
  if (key !== value.key) { key = value.key; group = 'all'; shown = STEP; chosen = value.chosen; }
  if (value.chosen !== meant) chosen = meant = value.chosen; // an address has named another one
  if (clips.some((clip) => clip.id === chosen)) tell(true);
  bar.hidden = !clips.length;
  for (const [name, button] of Object.entries(filters)) {
    button.textContent = `${words[name]} ${clips.filter(GROUPS[name]).length}`;
    button.setAttribute('aria-pressed', String(name === group));
  }
  const found = listed(clips, group);
  caption.textContent = words.captions[group];
  box.setAttribute('aria-label', words.captions[group]);
  element.querySelector('table').hidden = !found.length;
  none.hidden = !clips.length || found.length > 0;
  body.replaceChildren(...found.slice(0, shown).map(line));
  mark();
  more.hidden = found.length <= shown;
  more.textContent = words.more.replace('{n}', Math.min(STEP, found.length - shown));
}
more.onclick = () => { shown += STEP; draw(); };
draw();
watch('value', draw);
