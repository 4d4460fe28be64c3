// All tested clips, the most improved first; names reach the page through textContent only.
const STEP = 40;
const body = element.querySelector('tbody');
const more = element.querySelector('button.more');
let shown = STEP;

function cell(tag, text, attributes = {}) {
  const node = document.createElement(tag);
  node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

function line(clip, chosen) {
  const tr = document.createElement('tr');
  tr.dataset.change = clip.kind;
  if (clip.id === chosen) tr.setAttribute('aria-current', 'true');
  const name = document.createElement('th');
  name.scope = 'row';
  const button = cell('button', clip.name, { type: 'button', title: clip.name });
  button.onclick = () => trigger('select', { id: clip.id });
  const text = cell('span', clip.reference, { class: 'said' });
  name.append(button, text);
  tr.onclick = (event) => { if (event.target !== button) button.click(); };
  tr.append(name, cell('td', clip.speaker), cell('td', clip.base), cell('td', clip.adapted), cell('td', clip.change, { class: 'change' }));
  return tr;
}

function draw() {
  const value = props.value || {};
  const clips = value.clips || [];
  element.querySelector('table').hidden = !clips.length;
  body.replaceChildren(...clips.slice(0, shown).map((clip) => line(clip, value.chosen)));
  more.hidden = clips.length <= shown;
}
more.onclick = () => { shown += STEP; draw(); };
draw();
watch('value', draw);
