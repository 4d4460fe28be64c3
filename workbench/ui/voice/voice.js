// Try it by voice: a drawer below the header, where base and adapted write down what is spoken, piece by piece.
const words = props.words;
const box = element.querySelector('.voice');
const microphone = new Microphone();
const level = new Level();
const LONG_AGO_MS = 300000; // since the models were asked for something; the process lets go of them after twice that
const LARGEST_FILE = 40e6; // bytes, as the server takes them
let state = 'idle'; // idle, opening, listening
let loading = false;
let problem = '';
let did = ''; // what was done last, in a sentence
let asked = 0; // how often the models were asked for; an older answer says nothing
let lastAsked = 0;
let turn = 0; // how often a sound was asked for over time
/** @type {any} */
let who = null; // who hears, as the server said it
/** @type {string | null} */
let picked = null; // the run that was chosen here; null for the one that the page shows
/** @type {Session | null} */
let session = null;
/** @type {any} */
let sound = null; // what was heard last: { token, name, asked, roles, duration, said }

const drawer = () => document.getElementById('voice-panel');
const opener = () => document.querySelector('#voice-open button');
const isOpen = () => document.body.classList.contains('voicing');
const value = () => props.value || {};
const set = () => value().set || '';
const sentence = (error) => (error instanceof TypeError ? words.noAnswer : error.message);

// ---- what stays ----

const speak = make('button', 'voice-speak', { type: 'button' });
const sign = make('span', 'sign', { 'aria-hidden': 'true' });
const caption = make('b');
speak.append(sign, caption);
const time = make('span', 'clock', { 'aria-hidden': 'true' });
const choice = make('select', null, { id: 'voice-who' });
const status = make('p', 'said', { role: 'status' });
const note = make('p', 'mind');
const heads = make('div', 'voice-heads');
const log = make('div', 'voice-log', { role: 'log', 'aria-label': words.log, tabindex: '0' });
const unlikeHint = make('p', 'hint', {}, words.unlikeHint);
const after = make('div', 'voice-after');
const play = make('button', 'voice-act', { type: 'button' }, words.play);
const overTime = make('button', 'voice-act', { type: 'button' }, words.overTime);
const add = make('button', 'voice-act', { type: 'button' }, words.add);
const said = make('input', null, { type: 'text', id: 'voice-said', placeholder: words.saidExample, maxlength: '1000' });
const form = make('form', 'voice-said');
const judged = make('div', 'voice-judged', { 'aria-live': 'polite' });
const file = make('input', null, { type: 'file', id: 'voice-file', accept: 'audio/*,video/*', class: 'unseen' });
const audio = make('audio');
build();

function build() {
  const close = make('button', 'voice-close', { type: 'button', 'aria-label': words.close, title: words.close }, '✕');
  close.onclick = () => shut();
  const bar = make('div', 'voice-bar');
  const live = make('div', 'live');
  live.append(level.node, time);
  const chooser = make('label', 'voice-chooser', { for: 'voice-who' });
  chooser.append(make('span', null, {}, words.who), choice);
  bar.append(speak, live, chooser, close);
  form.append(make('label', null, { for: 'voice-said' }, words.said), said);
  const drop = make('div', 'voice-drop');
  drop.append(file, make('label', null, { for: 'voice-file' }, words.upload), make('span', 'hint', {}, words.dropped));
  const acts = make('div', 'voice-acts');
  acts.append(play, overTime, add);
  after.append(acts, form, judged);
  audio.hidden = true;
  box.append(make('h2', 'unseen', {}, words.title), bar, status, note, heads, log, unlikeHint, after, drop, audio);
}

// ---- what was heard ----

function addRow(roles) {
  const made = row(roles);
  log.append(made.node);
  log.scrollTop = log.scrollHeight;
  return made;
}

const roles = () => (who ? who.models.map((one) => one.role) : ['base']);

// ---- hearing ----

const calls = {
  onpiece(piece) { piece.row = addRow(session?.roles || roles()); },
  online(piece, line) {
    if (line.sides) {
      for (const [role, side] of Object.entries(line.sides)) show(piece.row.cells, role, side);
    } else {
      piece.texts[line.role] = line.text;
      show(piece.row.cells, line.role, { words: line.words });
      const ms = performance.now() - piece.cutAt;
      piece.row.node.dataset[line.role] = `${Math.round(ms)} ${Math.round(line.seconds * 1000)}`; // after the pause, and computed
      if (who) who.atWork = line.atWork;
    }
    lastAsked = Date.now();
    paint();
  },
  onfailed(piece, error) {
    problem = sentence(error);
    for (const cell of Object.values(piece.row.cells)) {
      if (cell.classList.contains('waits')) { cell.classList.remove('waits'); cell.textContent = '–'; }
    }
  },
  onchange() { paint(); },
};

function begin() {
  log.replaceChildren();
  judged.replaceChildren();
  said.value = '';
  did = problem = '';
  forget();
}

async function start() {
  if (state !== 'idle') return;
  begin();
  session = null;
  state = 'opening';
  paint();
  try {
    if (Date.now() - lastAsked > LONG_AGO_MS) load();
    await microphone.open();
    if (!isOpen()) { microphone.close(); state = 'idle'; return; }
    session = new Session({ set: set(), run: runAsked() }, roles(), calls);
    level.clear();
    state = 'listening';
  } catch (error) {
    state = 'idle';
    problem = error.message;
  }
  paint();
}

function stop() {
  if (state !== 'listening' || !session) return;
  state = 'idle';
  microphone.close();
  session.end();
  level.clear();
  const { asked: about, seconds } = session;
  if (!session.pieces.length) problem = words.nobody;
  else sound = { token: '', asked: about, roles: session.roles, duration: seconds, session };
  did = sound ? fill(words.spoke, { seconds: seconds.toFixed(1) }) : '';
  paint();
}

microphone.onlevel = (db, peak) => level.show(db, peak);
microphone.onsound = (samples, rate, db) => {
  if (state !== 'listening' || !session) return;
  session.hear(samples, rate, db);
  const left = LONGEST_SESSION_S - session.seconds;
  time.textContent = fill(words.left, { n: Math.max(0, Math.ceil(left)) });
  time.classList.toggle('short', left <= 5);
  if (left <= 0) stop();
};
microphone.ongone = () => { stop(); problem = words.gone; paint(); };

async function take(found) {
  if (!found || state !== 'idle') return;
  begin();
  if (found.size > LARGEST_FILE) {
    problem = fill(words.tooLarge, { name: found.name, mb: LARGEST_FILE / 1e6 });
    paint();
    return;
  }
  const about = { set: set(), run: runAsked() };
  const { cells } = addRow(roles());
  did = fill(words.uploading, { name: found.name });
  paint();
  const name = found.name.replace(/\p{Surrogate}/gu, ''); // half a character cannot be sent
  const headers = { 'X-Take': encodeURIComponent(JSON.stringify({ ...about, name })) };
  try {
    const heard = await post('voice/files', 'application/octet-stream', found, headers);
    for (const [role, side] of Object.entries(heard.sides)) show(cells, role, side);
    sound = { token: heard.token, asked: about, roles: Object.keys(heard.sides), duration: heard.duration };
    did = [fill(words.uploaded, { name: heard.name, seconds: heard.duration.toFixed(1) }), ...heard.warnings].join(' ');
  } catch (error) {
    log.replaceChildren();
    did = '';
    problem = sentence(error);
  }
  paint();
}

// ---- what can be done with it ----

function forget() {
  sound = null;
  audio.pause();
  if (audio.src.startsWith('blob:')) URL.revokeObjectURL(audio.src);
  audio.removeAttribute('src');
  drawer()?.classList.remove('timed');
}

// What the server calls the sound; it is sent when that is asked first.
async function token() {
  const kept = sound;
  if (!kept.token) kept.token = (await post('voice/sounds', 'application/json', await kept.session.whole())).token;
  return kept.token;
}

async function act(doing, work) {
  const kept = sound;
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  problem = '';
  did = doing;
  after.inert = true;
  paint();
  try { did = (await work()) ?? ''; } catch (error) { did = ''; problem = sentence(error); }
  after.inert = false;
  if (focused && after.contains(focused)) focused.focus({ preventScroll: true });
  if (kept !== sound) did = problem = '';
  paint();
}

play.onclick = async () => {
  if (!audio.paused) { audio.pause(); return; }
  if (!audio.src) {
    audio.src = sound.session ? URL.createObjectURL(await at16k(sound.session.parts, sound.session.rate)) : `tries/${sound.token}`;
  }
  audio.play().catch(() => {});
};
audio.onplay = audio.onpause = audio.onended = () => { play.textContent = audio.paused ? words.play : words.pause; };
overTime.onclick = () => act(words.placing, async () => { await draw(); return words.placing; });
add.onclick = () => act(words.adding, async () => {
  const about = JSON.stringify({ token: await token(), set: set() });
  return (await post('voice/added', 'application/json', about)).told;
});
// Ask for the sound over time; the answer comes with the value, which says of which turn it is.
async function draw() {
  turn += 1;
  trigger('over_time', { token: await token(), turn });
}
form.onsubmit = (event) => { event.preventDefault(); judge(); };
said.onblur = () => { if (said.value !== (sound?.said ?? '')) judge(); };

function judge() {
  if (!sound) return;
  sound.said = said.value;
  act(words.judging, async () => {
    const about = JSON.stringify({ token: await token(), said: said.value });
    const { sides } = await post('voice/said', 'application/json', about);
    showJudged(sides);
    if (drawer()?.classList.contains('timed')) await draw();
  });
}

function showJudged(sides) {
  judged.replaceChildren();
  const found = Object.keys(sides);
  if (!found.length) return;
  const { node, cells } = row(found);
  for (const role of found) {
    show(cells, role, sides[role]);
    cells[role].after(make('small', 'score', {}, `${sides[role].score} · ${sides[role].errors}`));
  }
  const list = make('div', 'voice-log');
  list.append(node);
  judged.append(list, make('p', 'hint', {}, words.key));
}

// ---- who hears ----

const runAsked = () => (picked === null ? value().run || null : picked);

async function load() {
  const mine = asked += 1;
  loading = true;
  problem = '';
  paint();
  try {
    for await (const line of told('voice/models', 'application/json', JSON.stringify({ set: set(), run: runAsked() }))) {
      if (mine !== asked) return;
      if (line.models) who = line;
      lastAsked = Date.now();
      paint();
    }
  } catch (error) {
    if (mine !== asked) return;
    problem = sentence(error);
  }
  loading = false;
  paint();
}

choice.onchange = () => { picked = choice.value; load(); };

function paintWho() {
  const runs = who?.runs || [];
  const named = (run) => fill(words.pair, { run: run.title ? `${run.title} (${run.id})` : run.id });
  choice.replaceChildren(...runs.map((run) => new Option(named(run), run.id, false, run.id === who.run)));
  choice.append(new Option(words.alone, '', false, !who?.run));
  choice.disabled = state !== 'idle' || !runs.length;
  heads.replaceChildren(...(log.childElementCount && sound ? sound.roles : roles()).map((role) => {
    const head = make('div', `head ${role}`);
    const name = who?.models.find((one) => one.role === role)?.name || '';
    head.append(make('b', null, {}, words.titles[role]), ' ', make('small', null, {}, name));
    return head;
  }));
}

// ---- the drawer ----

function statusNow() {
  if (state === 'opening') return words.opening;
  const now = session ? standing(session.unheard, session.underway, state === 'listening') : '';
  if (now === 'behind') return fill(words.behind, { n: session?.unheard });
  if (loading) return words.getReady;
  if (now) return words[now];
  return did || (log.childElementCount ? '' : words.ready);
}

function noteNow() {
  if (who?.atWork) return fill(words.atWork, { run: who.atWork });
  if (set() === '') return words.noSet;
  return who && !who.runs.length ? words.noRun : '';
}

function paint() {
  const on = state === 'listening';
  caption.textContent = on ? words.stop : words.record;
  speak.classList.toggle('on', on);
  speak.disabled = state === 'opening';
  box.classList.toggle('listening', on);
  if (!on) time.textContent = '';
  const told = problem || statusNow();
  if (status.textContent !== told) status.textContent = told;
  status.className = `said ${problem ? 'bad' : ''}`;
  note.textContent = noteNow();
  note.hidden = !note.textContent;
  heads.hidden = log.hidden = !log.childElementCount;
  unlikeHint.hidden = log.hidden || !log.querySelector('.unlike');
  const busy = on || (session && session.underway > 0);
  after.hidden = !sound || Boolean(busy);
  add.hidden = !set();
  file.disabled = state !== 'idle';
  box.dataset.is = busy ? 'busy' : state;
  paintWho();
}

function open() {
  document.body.classList.add('voicing');
  opener()?.setAttribute('aria-expanded', 'true');
  speak.focus({ preventScroll: true });
  load();
}

function shut() {
  if (state === 'listening') stop();
  audio.pause();
  document.body.classList.remove('voicing');
  opener()?.setAttribute('aria-expanded', 'false');
  /** @type {HTMLElement | null} */ (opener())?.focus({ preventScroll: true });
}

speak.onclick = () => (state === 'listening' ? stop() : start());
file.onchange = () => { take(file.files[0]); file.value = ''; };
document.addEventListener('click', (event) => { if (event.target.closest('#voice-open button')) { if (isOpen()) shut(); else open(); } });
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || !isOpen() || document.querySelector('dialog[open]')) return;
  event.preventDefault();
  shut();
});
const carriesFile = (event) => event.dataTransfer && [...event.dataTransfer.types].includes('Files');
for (const kind of ['dragover', 'drop', 'dragenter', 'dragleave']) {
  box.addEventListener(/** @type {'drop'} */ (kind), (event) => {
    if (!carriesFile(event)) return;
    event.preventDefault();
    box.classList.toggle('dropping', kind === 'dragover' || kind === 'dragenter');
    if (kind === 'drop') take(event.dataTransfer?.files[0]);
  });
}

let known = '';
function follow() {
  const { placed, turn: of, problem: why, set: name, run } = value();
  if (placed && placed === sound?.token && of === turn) {
    if (did === words.placing) did = '';
    problem = why || '';
    drawer()?.classList.toggle('timed', !why);
    requestAnimationFrame(() => document.getElementById('voice-timeline')?.scrollIntoView({ block: 'nearest' }));
  }
  const now = JSON.stringify([name, run]);
  if (now !== known) {
    const [before] = JSON.parse(known || '[""]');
    if (before !== name) picked = null;
    known = now;
    if (isOpen() && state === 'idle') load();
  }
  paint();
}
follow();
watch('value', follow);
