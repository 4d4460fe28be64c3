// One clip over one time axis: its spectrogram, below it the words of reference, base and adapted at their times.
// Clip names and words reach the page through textContent and attributes only, never as HTML.
const words = props.words;
const KEPT = 'speech-workbench-spectrum'; // what a reader chose, in the browser's storage
const READABLE = 130; // pixels a second, at which most words can be read
const CLOSEST = 900; // pixels a second
const STEP = 1.5; // of the zoom
const LEAD_S = 0.03; // heard before and after a word that is played
const BETWEEN_MS = 350; // between a misheard word and the one that was said
const LINE_PX = 28; // from one row of words to the next
const HZ = { mel: [500, 1000, 2000, 4000], linear: [2000, 4000, 6000] }; // so far apart that none lies on another
const SIGNS = { wrong: '≠', missing: '−', extra: '+' };
const root = element.querySelector('.timeline');
const audio = new Audio();
audio.preload = 'none';
let choice = { scale: 'mel', map: 'magma' };
try { choice = { ...choice, ...JSON.parse(localStorage.getItem(KEPT) || '{}') }; } catch { /* storage is off */ }
let value = {};
let zoom = 1; // 1 shows the whole clip
let until = null; // where playing stops by itself
let then = null; // [from, to] that is played after that
let turn = 0; // the timer that waits for it
let spectrum = null; // { width, height, bytes } of what is drawn
let asked = ''; // the address of the newest spectrum that was asked for

/** @param {any} tag @param {string | null} [className] @param {any} [text] */
function make(tag, className, attributes = {}, text = null) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  for (const [name, content] of Object.entries(attributes)) node.setAttribute(name, content);
  if (text !== null) node.textContent = text;
  return node;
}

function button(className, text, label, act) {
  const node = make('button', className, { type: 'button', title: label, 'aria-label': label }, text);
  node.onclick = act;
  return node;
}

function select(label, options, chosen, act) {
  const box = make('label', 'tl-choice');
  const list = make('select', null, { 'aria-label': label });
  for (const [key, text] of Object.entries(options)) list.append(new Option(text, key, false, key === chosen));
  list.onchange = () => act(list.value);
  box.append(make('span', null, {}, label), list);
  return box;
}

// ---- what stays while clips come and go ----

const title = make('h3');
const play = button('tl-play', '▶', words.play, () => toggle());
const clock = make('output', 'tl-clock', { 'aria-live': 'off' });
const out = button('plain', '−', words.zoomOut, () => zoomTo(zoom / STEP));
const fit = button('plain', words.fit, words.fitLabel, () => zoomTo(1));
const into = button('plain', '+', words.zoomIn, () => zoomTo(zoom * STEP));
const view = make('div', 'tl-view', { tabindex: '0', role: 'group', 'aria-label': words.axis });
const inner = make('div', 'tl-inner');
const hertz = make('div', 'tl-hz', { 'aria-hidden': 'true' });
const canvas = make('canvas', 'tl-picture', { role: 'img' });
const ticks = make('div', 'tl-ticks', { 'aria-hidden': 'true' });
const lanes = make('div', 'tl-lanes');
const cursor = make('div', 'tl-cursor', { 'aria-hidden': 'true' });
const placing = make('div', 'tl-placing', { role: 'status' });
const key = make('p', 'key tl-key');
build();

function build() {
  const bar = make('div', 'tl-bar');
  const zooms = make('span', 'tl-zooms', { role: 'group' });
  zooms.append(out, fit, into);
  const choices = make('span', 'tl-choices');
  bar.append(play, clock, zooms, choices);
  choices.append(
    select(words.scale, words.scales, choice.scale, (chosen) => { keep({ scale: chosen }); fetchSpectrum(); }),
    select(words.colours, words.maps, choice.map, (chosen) => { keep({ map: chosen }); paint(); }));
  inner.append(hertz, canvas, ticks, lanes, cursor);
  view.append(inner);
  for (const kind of Object.keys(words.key)) {
    const one = make('span', 'tl-sort'); // a sign stays with its word
    one.append(make('span', `tl-sign ${kind}`, {}, SIGNS[kind]), ` ${words.key[kind]}`);
    key.append(one, ' · ');
  }
  key.append(words.hint);
  const head = make('header');
  head.append(title);
  root.append(head, bar, view, placing, key);
  canvas.onclick = (event) => playSpan(timeAt(event), null);
  view.onkeydown = keyed;
  view.addEventListener('wheel', (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoomTo(zoom * (event.deltaY < 0 ? 1.2 : 1 / 1.2), timeAt(event));
  }, { passive: false });
  audio.onplay = audio.onpause = audio.onended = showPlaying;
  audio.ontimeupdate = stopInTime;
  document.addEventListener('play', noTurn, true); // of any other sound; this one is not in the page
  new ResizeObserver(() => { if (view.clientWidth) place(); }).observe(view);
}

function keep(chosen) {
  choice = { ...choice, ...chosen };
  try { localStorage.setItem(KEPT, JSON.stringify(choice)); } catch { /* not kept, still chosen */ }
}

// ---- the sound ----

function timeAt(event) {
  const box = inner.getBoundingClientRect();
  return Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1) * value.duration;
}

function toggle() {
  if (turn || !audio.paused) { noTurn(); audio.pause(); return; }
  until = null;
  if (audio.currentTime >= value.duration - 0.05) audio.currentTime = 0;
  audio.play().catch(() => {});
}

function noTurn() {
  clearTimeout(turn);
  turn = 0;
  then = null;
}

// A misheard word, and after a pause the word that was said; any other sound or Pause ends it.
function playInTurn(heard, said) {
  playSpan(...heard);
  then = said;
}

function playSpan(from, to) {
  noTurn();
  const begin = () => {
    audio.currentTime = from;
    until = to;
    audio.play().catch(() => {});
    showPlaying();
  };
  if (audio.readyState) { begin(); return; }
  audio.addEventListener('loadedmetadata', begin, { once: true });
  audio.load();
}

function stopInTime() {
  if (until === null || audio.currentTime < until) return;
  audio.pause();
  until = null;
  const next = then;
  if (next) turn = setTimeout(() => playSpan(...next), BETWEEN_MS);
  then = null;
}

function showPlaying() {
  const on = !audio.paused && !audio.ended;
  play.textContent = on ? '❚❚' : '▶';
  play.title = on ? words.pause : words.play;
  play.setAttribute('aria-label', play.title);
  follow();
  if (on) requestAnimationFrame(showPlaying);
}

function follow() {
  stopInTime();
  const now = audio.currentTime;
  clock.textContent = `${number(now, 1, 1)} / ${number(value.duration || 0, 1, 1)} s`;
  // Half its width short of the right edge: beyond it, the view could be scrolled sideways.
  cursor.style.left = `min(${100 * now / (value.duration || 1)}%, calc(100% - 1px))`;
  for (const node of lanes.querySelectorAll('[data-from]')) {
    node.classList.toggle('now', !audio.paused && now >= Number(node.dataset.from) && now < Number(node.dataset.to));
  }
  if (audio.paused) return;
  const x = now / value.duration * inner.clientWidth;
  if (x < view.scrollLeft || x > view.scrollLeft + view.clientWidth - 30) view.scrollLeft = x - 40;
}

// ---- zoom ----

function place() {
  const fitted = view.clientWidth / (value.duration || 1);
  zoom = Math.min(Math.max(zoom, 1), Math.max(1, CLOSEST / fitted));
  inner.style.width = `${Math.floor(view.clientWidth * zoom)}px`;
  view.style.setProperty('--view', `${view.clientWidth}px`);
  out.disabled = fit.disabled = zoom <= 1;
  into.disabled = fitted * zoom >= CLOSEST - 1;
  root.dataset.zoom = zoom.toFixed(2);
  const apart = tickStep(fitted * zoom);
  ticks.replaceChildren();
  for (let i = 0; i * apart < value.duration; i += 1) {
    const tick = make('span', null, {}, `${number(i * apart)} s`);
    tick.style.left = `${100 * i * apart / value.duration}%`;
    ticks.append(tick);
  }
  placeLanes();
}

// Each word at its time, as wide as its letters at least; what is missing lies below its neighbours.
function placeLanes() {
  const pixels = inner.clientWidth / (value.duration || 1);
  for (const row of /** @type {NodeListOf<HTMLElement>} */ (lanes.querySelectorAll('.tl-words'))) {
    const nodes = [.../** @type {NodeListOf<HTMLElement>} */ (row.querySelectorAll('button'))];
    for (const node of nodes) node.style.width = 'max-content';
    const placed = placeWords(nodes.map((node) => ({
      from: Number(node.dataset.from), to: Number(node.dataset.to), need: Math.ceil(node.getBoundingClientRect().width),
      low: node.classList.contains('missing'),
    })), pixels);
    nodes.forEach((node, i) => {
      const { left, width, row: line } = placed[i];
      node.style.left = `${Math.max(0, Math.min(left, inner.clientWidth - width))}px`;
      node.style.width = `${width}px`;
      node.style.top = `${2 + LINE_PX * line}px`;
    });
    row.style.height = `${2 + LINE_PX * (1 + Math.max(0, ...placed.map((one) => one.row)))}px`;
  }
}

/** @param {number | null} [around] seconds; the middle of what is seen where none is given */
function zoomTo(wanted, around = null) {
  const middle = (view.scrollLeft + view.clientWidth / 2) / inner.clientWidth * value.duration;
  const kept = around === null ? middle : around;
  const from = kept / value.duration * inner.clientWidth - view.scrollLeft;
  zoom = wanted;
  place();
  view.scrollLeft = kept / value.duration * inner.clientWidth - from;
}

function keyed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const acts = {
    '+': () => zoomTo(zoom * STEP), '=': () => zoomTo(zoom * STEP), '-': () => zoomTo(zoom / STEP), 0: () => zoomTo(1),
    ' ': event.target === view ? toggle : null,
  };
  const act = acts[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

// ---- the picture ----

async function fetchSpectrum() {
  const address = `${value.spectrum}${choice.scale}`;
  asked = address;
  try {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(String(answer.status));
    const bytes = new Uint8Array(await answer.arrayBuffer());
    if (asked !== address) return; // another clip was chosen meanwhile
    spectrum = { width: bytes[0] + 256 * bytes[1], height: bytes[2] + 256 * bytes[3], bytes: bytes.subarray(4) };
    paint();
  } catch {
    if (asked === address) { spectrum = null; canvas.setAttribute('aria-label', words.failed); }
  }
}

function paint() {
  if (!spectrum) return;
  const colours = MAPS[choice.map] ? choice.map : 'magma';
  const table = colourTable(colours);
  canvas.width = spectrum.width;
  canvas.height = spectrum.height;
  const context = canvas.getContext('2d');
  const image = context.createImageData(spectrum.width, spectrum.height);
  const target = new Uint32Array(image.data.buffer);
  const colour = new Uint32Array(table.buffer);
  const [low, high] = levelsOf(spectrum.bytes);
  const shade = (byte) => Math.max(0, Math.min(255, Math.round(255 * (byte - low) / (high - low))));
  const shades = Uint32Array.from({ length: 256 }, (_, byte) => colour[shade(byte)]);
  for (let i = 0; i < target.length; i += 1) target[i] = shades[spectrum.bytes[i]];
  context.putImageData(image, 0, 0);
  canvas.dataset.drawn = `${choice.scale} ${colours}`;
  hertz.replaceChildren(...HZ[choice.scale].map((hz) => {
    const label = make('span', null, {}, hz < 1000 ? `${hz} Hz` : `${hz / 1000} kHz`);
    label.style.top = `calc(${(1 - heightOf(hz, choice.scale)).toFixed(3)} * var(--tall))`;
    return label;
  }));
}

// ---- the words ----

function spoken(word) {
  const said = words.kinds[word.kind].replace('{said}', word.said);
  const time = word.from === null ? words.notYet : `${number(word.from, 2)}–${number(word.to, 2)} s`;
  return [word.text, said, time].filter(Boolean).join(', ');
}

function wordNode(word) {
  const timed = word.from !== null;
  const node = make(timed ? 'button' : 'span', `tl-word ${word.kind}`, { title: spoken(word) });
  if (SIGNS[word.kind]) node.append(make('i', null, { 'aria-hidden': 'true' }, SIGNS[word.kind]));
  node.append(make('b', null, {}, word.text));
  if (!timed) return node;
  node.type = 'button';
  node.setAttribute('aria-label', spoken(word));
  node.dataset.from = word.from;
  node.dataset.to = word.to;
  const led = (from, to) => [Math.max(0, from - LEAD_S), Math.min(value.duration, to + LEAD_S)];
  node.onclick = () => {
    if (word.saidFrom === null) playSpan(...led(word.from, word.to));
    else playInTurn(led(word.from, word.to), led(word.saidFrom, word.saidTo));
  };
  node.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [...node.parentElement.querySelectorAll('button')];
    const next = all[all.indexOf(node) + step];
    if (!next) return;
    node.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  };
  return node;
}

function lane(found) {
  const node = make('div', 'tl-lane', { 'data-lane': found.role });
  const head = make('div', 'tl-head');
  head.append(make('b', null, {}, found.title), make('small', null, {}, found.detail));
  const timed = found.words.some((word) => word.from !== null);
  const row = make('div', timed ? 'tl-words' : 'tl-flow', {
    role: 'group', 'aria-label': words.lane.replace('{title}', found.title),
  });
  row.append(...found.words.map(wordNode));
  if (!found.words.length) row.append(make('em', null, {}, words.nothing));
  const first = row.querySelector('button');
  row.querySelectorAll('button').forEach((one) => { one.tabIndex = one === first ? 0 : -1; });
  node.append(head, row);
  if (!timed && found.why) node.append(make('p', 'tl-why', {}, words.untimed.replace('{why}', found.why)));
  return node;
}

function showPlacing() {
  placing.replaceChildren();
  placing.hidden = !value.placing || value.placing === 'there';
  if (placing.hidden) return;
  if (value.placing === 'working') {
    placing.append(make('span', 'tl-wait', { 'aria-hidden': 'true' }), make('span', null, {}, words.working));
    return;
  }
  placing.append(make('span', value.message ? 'bad' : null, {}, value.message || words.missing));
  const label = value.message ? words.again : words.place;
  placing.append(button('confirm', label, label, () => trigger('place', {})));
}

function draw() {
  const before = value;
  value = props.value || {};
  root.hidden = !value.key;
  if (!value.key) { audio.pause(); return; }
  if (before.clip !== value.clip) {
    noTurn();
    audio.pause();
    audio.src = value.sound;
    until = null;
    spectrum = null;
    canvas.width = canvas.height = 1;
    delete canvas.dataset.drawn;
    canvas.setAttribute('aria-label', words.picture.replace('{name}', value.name));
    fetchSpectrum();
    zoom = view.clientWidth ? Math.max(1, READABLE * value.duration / view.clientWidth) : 1;
  }
  title.textContent = value.speaker ? `${value.name} · ${value.speaker}` : value.name;
  root.dataset.clip = value.clip;
  lanes.replaceChildren(...value.lanes.map(lane));
  showPlacing();
  place();
  if (before.clip !== value.clip) view.scrollLeft = openingSecond(value.lanes) / value.duration * inner.clientWidth;
  follow();
}
draw();
watch('value', draw);
