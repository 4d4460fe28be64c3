// The label doctor's findings with their remedies. User text reaches the page through textContent only.
const summary = element.querySelector('summary');
const body = element.querySelector('.body');
const PATIENCE_MS = 8000; // after a click that brought nothing new, as when it was refused
let drawn = '';

function button(className, text, act, label = text) {
  const node = make('button', className, text, { type: 'button', 'aria-label': label });
  node.onclick = () => { node.disabled = true; setTimeout(() => { node.disabled = false; }, PATIENCE_MS); act(); };
  return node;
}

function example(e) {
  const li = make('li', 'change');
  li.append(make('b', '', e.name), ' ');
  if (!e.words.length) li.append(make('span', '', `“${e.before}”`), ' ', make('small', '', e.note));
  for (const [kept, out, put] of e.words) {
    if (out) li.append(make('del', '', out), ' ');
    if (put) li.append(make('ins', '', put), ' ');
    if (kept) li.append(`${kept} `);
  }
  return li;
}

function finding(f) {
  const words = props.words;
  const section = make('section', 'finding', null, { 'aria-label': f.title, 'data-kind': f.kind });
  const head = make('h4', '', f.title);
  head.append(' ', make('span', 'chip', f.count));
  const list = make('ul', 'examples');
  list.append(...f.examples.map(example));
  if (f.more) list.append(make('li', 'hint', f.more));
  const tools = make('div', 'tools');
  const look = button('plain', words.look, () => trigger('look', { kind: f.kind }), `${words.look}: ${f.title}`);
  tools.append(look);
  if (f.remedy) {
    const act = () => {
      if (!f.sure || window.confirm(f.sure)) trigger('mend', { kind: f.kind }); else draw(true);
    };
    tools.append(button('confirm', f.remedy, act));
  } else tools.append(make('span', 'hint', words.byHand));
  section.append(head, make('p', '', f.sentence), list, tools);
  return section;
}

function applied(a) {
  const bar = make('div', 'deleted', null, { role: 'status' });
  const back = () => trigger('back', { kind: a.kind });
  bar.append(make('span', '', a.text), button('plain', props.words.back, back, `${props.words.back}: ${a.title}`));
  return bar;
}

function draw(again = false) {
  const value = props.value || {}, what = JSON.stringify(value);
  if (what === drawn && !again) return; // the page looks after every change; whoever reads or stands here is left alone
  drawn = what;
  const focused = body.contains(document.activeElement) ? document.activeElement?.getAttribute('aria-label') : null;
  element.querySelector('details').hidden = !value.summary;
  summary.textContent = value.summary || '';
  summary.classList.toggle('found', (value.findings || []).length > 0);
  const parts = [...(value.applied || []).map(applied), ...(value.findings || []).map(finding)];
  if (value.note) parts.push(make('p', 'hint', value.note));
  if (value.check) parts.push(button('plain more', value.check, () => trigger('check', {})));
  if (value.listen) parts.push(button('plain more', value.listen, () => trigger('listen', {})));
  body.replaceChildren(...parts);
  if (focused) ([...body.querySelectorAll('button')].find((b) => b.getAttribute('aria-label') === focused) || summary).focus();
}
draw();
watch('value', () => draw());
