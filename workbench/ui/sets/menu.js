// The menu of a set, below its button at the top. Names reach the page through textContent and value only.
const words = props.words;
/** @type {HTMLButtonElement} */
const opener = element.querySelector('.opener');
/** @type {HTMLElement} */
const panel = element.querySelector('.panel');

const named = (sentence, name) => sentence.replace('{name}', () => name);
const set = () => (props.value || {}).set || '';

function act(className, text, does) {
  const node = make('button', className, text, { type: 'button' });
  node.onclick = does;
  return node;
}

// A field with its button; what is typed stays until the set or its own value is another one.
class Field {
  constructor(key, does, most) {
    this.node = make('form', 'set-field');
    const id = `set-${key}`;
    this.input = make('input', '', '', { id, type: 'text', maxlength: most, autocomplete: 'off' });
    this.node.append(make('label', '', words[`${key}Label`], { for: id }), this.input, make('button', 'plain', words[key], { type: 'submit' }));
    if (words[`${key}Hint`]) {
      this.node.append(make('p', 'hint', words[`${key}Hint`], { id: `${id}-hint` }));
      this.input.setAttribute('aria-describedby', `${id}-hint`);
    }
    this.node.onsubmit = (event) => { event.preventDefault(); does(this.input.value); };
    this.last = null;
  }

  show(value, of) {
    const now = JSON.stringify([of, value]);
    if (now === this.last) return;
    this.last = now;
    this.input.value = value;
  }
}

const close = act('close', '✕', () => shut());
close.setAttribute('aria-label', words.close);
const rename = new Field('rename', (to) => trigger('rename', { set: set(), to }), 80);
const copy = new Field('copy', (to) => trigger('copy', { set: set(), to }), 80);
const licence = new Field('licence', (to) => trigger('licence', { set: set(), to }), 100);
const archive = act('plain', '', () => trigger('archive', { set: set() }));
const remove = act('plain danger', '', () => {
  if (window.confirm(named(words.removeSure, set()))) trigger('remove', { set: set() });
});
const own = make('div', 'of-set');
const last = make('div', 'acts');
last.append(archive, remove);
own.append(rename.node, copy.node, licence.node, last, make('p', 'hint', words.archiveHint));
const shelf = make('ul', 'shelf', '', { role: 'list' });
const none = make('p', 'hint', words.noneArchived);
panel.append(make('h2', '', words.title), close, own, make('h3', '', words.archived), none, shelf);

function put(away) {
  const li = make('li', '');
  const back = act('plain', words.back, () => trigger('unarchive', { set: away.name }));
  back.setAttribute('aria-label', `${words.back}: ${away.name}`);
  li.append(make('span', '', away.name), make('small', '', away.clips), back);
  return li;
}

function draw() {
  const value = props.value || {};
  own.hidden = !value.set;
  rename.show(value.set || '', value.set);
  copy.show(value.copy || '', value.set);
  licence.show(value.licence || '', value.set);
  archive.textContent = named(words.archive, value.set || '');
  remove.textContent = named(words.remove, value.set || '');
  const away = value.archived || [];
  shelf.replaceChildren(...away.map(put));
  none.hidden = away.length > 0;
}

const isOpen = () => !panel.hidden;
function open() {
  panel.hidden = false;
  opener.setAttribute('aria-expanded', 'true');
  trigger('look', {});
  close.focus();
}
function shut(focus = true) {
  panel.hidden = true;
  opener.setAttribute('aria-expanded', 'false');
  if (focus) opener.focus();
}
opener.onclick = () => { if (isOpen()) shut(); else open(); };
document.addEventListener('pointerdown', (event) => {
  if (isOpen() && event.target.closest('#board, #top, #next-step') && !event.target.closest('#sets-menu')) shut(false);
});
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && isOpen()) shut();
});
draw();
watch('value', draw);
