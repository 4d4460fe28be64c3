// A set's overview: figures, what is missing, and pictures. A bar, a figure or a word lists its clips; a point goes to its clip.
// What a user, a file or a model wrote reaches the page through textContent and attributes only.
const root = element.querySelector('.overview');
const SVG = 'http://www.w3.org/2000/svg';
const AGAIN_MS = 3000; // while levels are being measured
const NEAR_PX = 14, DRAWN_PX = 6; // to a point; a box that is smaller is a click
const BOX = { left: 34, top: 10, right: 10, below: 22, height: 190 };
const hover = window.matchMedia('(hover: hover)'); // there is a mouse, which hovers and draws boxes
let timer = null;
let scatter = null; // {axes, points: pixels, places: of the points in the columns, order, at}

function drawn(tag, attributes, text = null) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  if (text !== null) node.textContent = text;
  return node;
}

// A button that lists clips; `wish` says which, and tells it from the others when everything is drawn anew.
function lists(className, wish, label) {
  const node = make('button', className, null, { type: 'button', 'data-key': JSON.stringify(wish) });
  if (label) { node.setAttribute('aria-label', label); node.title = label; }
  node.onclick = () => trigger('look', wish);
  return node;
}

const clips = (n) => filled(counted(n, props.words.clips), { n: number(n) });

function picture(kind, title, hint, ...nodes) {
  const section = make('section', 'picture-of', null, { 'data-picture': kind, 'aria-label': title });
  section.append(make('h3', '', title));
  if (hint) section.append(make('p', 'hint', hint));
  section.append(...nodes);
  return section;
}

// ---- what is missing, and figures ----

function missing(value) {
  const section = make('section', 'missing', null, { 'aria-label': props.words.missing });
  section.append(make('p', value.gaps.length ? 'lead mind' : 'lead', value.lead));
  const offer = (gap) => {
    const node = lists('plain', { gap: gap.kind }, `${props.words.show}: ${gap.said}`);
    node.textContent = props.words.show;
    return node;
  };
  if (value.gaps.length && value.gaps[0].n) section.append(offer(value.gaps[0]));
  const list = make('ul', 'gaps');
  for (const gap of value.gaps.slice(1)) {
    const li = make('li', '', gap.said);
    if (gap.n) li.append(' ', offer(gap));
    list.append(li);
  }
  if (list.children.length) section.append(list);
  return section;
}

function figures(value) {
  const list = make('ul', 'counts', null, { 'aria-label': props.words.figures });
  for (const f of value.figures) {
    const li = make('li'), held = f.name ? lists('', { figure: f.name }, `${f.value} ${f.label}: ${props.words.show}`) : make('span');
    held.append(make('b', '', f.value), ' ', f.label);
    li.append(held);
    list.append(li);
  }
  return list;
}

// ---- bars ----

function histogram(kind, values, times = 1) {
  const found = bars(values), most = Math.max(...found.map((bar) => bar.n));
  const row = make('div', 'bars'), axis = make('div', 'axis', null, { 'aria-hidden': 'true' });
  row.append(make('span', 'most', number(most), { 'aria-hidden': 'true' }));
  const shown = (v) => number(clean(v * times));
  found.forEach((bar, place) => {
    const about = { n: clips(bar.n), low: shown(bar.low), high: bar.high === null ? '' : shown(bar.high), unit: props.words.units[kind] };
    const label = filled(bar.high === null ? props.words.barOpen : props.words.bar, about);
    const node = bar.n ? lists('bar-of', { ranges: { [kind]: [bar.low, bar.high] } }, label) : make('span', 'bar-of');
    node.append(make('i', '', null, { style: `height: ${bar.n / most * 100}%` }));
    row.append(node);
    axis.append(make('span', '', place % 2 && bar.high !== null ? '' : `${shown(bar.low)}${bar.high === null ? '+' : ''}`));
  });
  return [row, axis];
}

function speakers(value) {
  const list = make('ul', 'voices'), most = Math.max(...value.speakers.map((s) => s.minutes), 0.01);
  for (const s of value.speakers) {
    const li = make('li'), name = s.name || props.words.unknown, said = filled(props.words.minutes, { n: number(s.minutes) });
    const node = lists('voice', { speaker: s.name }, `${name}, ${said}: ${props.words.show}`);
    const bar = make('span', 'stretch');
    bar.append(make('i', '', null, { style: `width: ${s.minutes / most * 100}%` }));
    node.append(make('span', 'who', name), bar, make('span', 'much', said));
    li.append(node);
    list.append(li);
  }
  const { n, minutes } = value.moreSpeakers;
  return n ? [list, make('p', 'hint', filled(props.words.moreSpeakers, { n: number(n), minutes: number(minutes) }))] : [list];
}

// ---- words ----

function words(title, found, wish) {
  const list = make('ul', 'words-of', null, { 'aria-label': title });
  for (const [word, n] of found) {
    const li = make('li');
    if (n) {
      const node = lists('', wish(word), filled(props.words.ofWord, { word, n: number(n) }));
      node.append(word, ' ', make('small', '', number(n)));
      li.append(node);
    } else li.append(make('span', 'never', word), ' ', make('small', '', props.words.never));
    list.append(li);
  }
  return [make('h4', '', title), list];
}

// ---- points ----

function said(place) {
  const { name, duration, level } = props.value.columns;
  return filled(props.words.point, { name: name[place], seconds: number(duration[place]), level: number(level[place]) });
}

function points(value) {
  const svg = drawn('svg', { class: 'points', tabindex: 0, role: 'application' });
  const about = make('p', 'hint told', null, { 'aria-live': 'polite' });
  svg.append(drawn('g', { class: 'grid' }), drawn('path', { class: 'dots' }), drawn('circle', { class: 'at', r: 6 }), drawn('rect', { class: 'drawn' }));
  const places = value.columns.level.flatMap((level, place) => (level === null ? [] : [place]));
  const order = [...places.keys()].sort((a, b) => value.columns.duration[places[a]] - value.columns.duration[places[b]]);
  scatter = { svg, about, places, order, at: -1, points: [], axes: null };
  svg.setAttribute('aria-label', `${filled(props.words.levelTitle, { n: number(places.length) })}. ${props.words.levelKeys}`);
  listen(svg);
  return [svg, about];
}

function lay() {
  if (!scatter || !scatter.svg.isConnected || !scatter.places.length) return;
  const { svg, places } = scatter, width = svg.clientWidth;
  if (!width) return; // the fold is closed
  const { duration, level } = props.value.columns;
  const xs = ticks(0, Math.max(...places.map((p) => duration[p])), width / 60);
  const ys = ticks(Math.min(...places.map((p) => level[p])), 0, 5);
  const box = { left: BOX.left, top: BOX.top, width: width - BOX.left - BOX.right, height: BOX.height };
  const axes = frame([xs[0], xs[xs.length - 1], ys[0], ys[ys.length - 1]], box);
  scatter.axes = axes;
  scatter.points = places.map((p) => [axes.x(duration[p]), axes.y(level[p])]);
  svg.setAttribute('viewBox', `0 0 ${width} ${BOX.top + BOX.height + BOX.below}`);
  const bottom = BOX.top + BOX.height, right = width - BOX.right;
  const grid = svg.querySelector('.grid');
  grid.replaceChildren(
    ...ys.flatMap((y) => [drawn('path', { d: `M${BOX.left} ${axes.y(y)}H${right}` }), drawn('text', { x: BOX.left - 6, y: axes.y(y) + 4, 'text-anchor': 'end' }, number(y))]),
    ...xs.map((x) => drawn('text', { x: axes.x(x), y: bottom + 16, 'text-anchor': x === xs[xs.length - 1] ? 'end' : 'middle' }, number(x))),
  );
  if (props.value.quietDb > ys[0]) {
    const y = axes.y(props.value.quietDb);
    grid.append(drawn('path', { class: 'quiet', d: `M${BOX.left} ${y}H${right}` }), drawn('text', { x: right, y: y - 4, 'text-anchor': 'end' }, props.words.quiet));
  }
  svg.querySelector('.dots').setAttribute('d', scatter.points.map(([x, y]) => `M${x.toFixed(1)} ${y.toFixed(1)}h0`).join(''));
  point(scatter.at);
}

function point(at) {
  const node = scatter.svg.querySelector('.at');
  scatter.at = at;
  node.toggleAttribute('hidden', at < 0);
  scatter.about.textContent = at < 0 ? hover.matches ? props.words.levelKeys : props.words.levelTap : said(scatter.places[at]);
  if (at < 0) return;
  node.setAttribute('cx', scatter.points[at][0].toFixed(1));
  node.setAttribute('cy', scatter.points[at][1].toFixed(1));
}

function goTo(at) {
  if (at >= 0) document.dispatchEvent(new CustomEvent('show-clip', { detail: props.value.columns.id[scatter.places[at]] }));
}

function listen(svg) {
  const where = (event) => { const box = svg.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
  const near = (event) => nearest(scatter.points, ...where(event), NEAR_PX);
  const rect = svg.querySelector('.drawn');
  let from = null;
  const end = () => { from = null; rect.setAttribute('width', '0'); };
  svg.addEventListener('pointerdown', (event) => {
    if (event.pointerType === 'touch' || event.button) return; // a finger scrolls the page
    from = where(event);
    svg.setPointerCapture(event.pointerId);
  });
  svg.addEventListener('pointermove', (event) => {
    if (!scatter.axes) return;
    if (!from) { point(near(event)); return; }
    const to = where(event);
    const [x, y] = [0, 1].map((i) => Math.min(from[i], to[i]));
    for (const [name, v] of Object.entries({ x, y, width: Math.abs(to[0] - from[0]), height: Math.abs(to[1] - from[1]) })) rect.setAttribute(name, String(v));
  });
  svg.addEventListener('pointercancel', end);
  svg.addEventListener('pointerleave', () => { if (!from) point(-1); });
  svg.addEventListener('click', (event) => {
    const to = where(event), began = from;
    end();
    if (!scatter.axes) return;
    if (!began || Math.hypot(to[0] - began[0], to[1] - began[1]) < DRAWN_PX) goTo(near(event));
    else trigger('look', { ranges: boxed(scatter.axes, began, to) });
  });
  svg.addEventListener('keydown', (event) => {
    const { order, at } = scatter, place = order.indexOf(at);
    const next = { ArrowRight: place + 1, ArrowLeft: place < 0 ? order.length - 1 : place - 1, Home: 0, End: order.length - 1 }[event.key];
    if (next !== undefined && order.length) point(order[Math.max(0, Math.min(order.length - 1, next))]);
    else if (event.key === 'Enter' && at >= 0) goTo(at);
    else return;
    event.preventDefault();
  });
  svg.addEventListener('blur', () => point(-1));
}

// ---- drawing ----

function levels(value) {
  const w = props.words, notes = [];
  if (value.unmeasured) notes.push(make('p', 'hint', filled(w.levelWaiting, { n: number(value.unmeasured) }), { role: 'status' }));
  if (value.unreadable) notes.push(make('p', 'hint', filled(w.levelLacking, { n: number(value.unreadable) })));
  const known = value.columns.level.some((level) => level !== null);
  return picture('level', w.level, w.levelHint, ...(known ? points(value) : []), ...notes);
}

function pictures(value) {
  const w = props.words, { duration, pace, error } = value.columns, some = (column) => column.some((v) => v !== null);
  const found = [picture('duration', w.duration, w.durationHint, ...histogram('duration', duration)), levels(value)];
  if (some(pace)) found.push(picture('pace', w.pace, w.paceHint, ...histogram('pace', pace)));
  if (some(error)) {
    const hint = `${filled(w.errorHint[value.measure], { model: value.heardBy })}. ${w.errorMind}`;
    found.push(picture('error', w.error, hint, ...histogram('error', error, 100)));
  }
  found.push(picture('speakers', w.speakers, '', ...speakers(value)));
  const ofWord = (word) => ({ word });
  const parts = [];
  if (value.terms.length) parts.push(...words(w.terms, value.terms, (term) => ({ term })));
  if (value.frequent.length) parts.push(...words(w.frequent, value.frequent, ofWord));
  if (value.nOnce) parts.push(...words(filled(w.once, { n: number(value.nOnce) }), value.once, ofWord));
  if (parts.length) found.push(picture('vocabulary', w.vocabulary, '', ...parts));
  return found;
}

function draw() {
  const value = props.value || {}, active = /** @type {HTMLElement | null} */ (document.activeElement);
  const key = active && root.contains(active) ? active.dataset.key || active.getAttribute('class') : null;
  clearTimeout(timer);
  scatter = null;
  if (!value.columns) root.replaceChildren(make('p', 'hint', value.empty || props.words.loading));
  else root.replaceChildren(missing(value), figures(value), ...pictures(value));
  lay();
  const keyed = /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll('[data-key], .points'));
  if (key) [...keyed].find((n) => (n.dataset.key || n.getAttribute('class')) === key)?.focus({ preventScroll: true });
  if (value.unmeasured) timer = setTimeout(() => trigger('again', {}), AGAIN_MS);
}

new ResizeObserver(lay).observe(root);
draw();
watch('value', draw);
