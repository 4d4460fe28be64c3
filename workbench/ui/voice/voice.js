// Try it by voice: a drawer below the header, where base and adapted write down what is spoken, piece by piece.
const words = props.words;
const box = element.querySelector('.voice');
const microphone = new Microphone();
const level = new Level();
const LONG_AGO_MS = 300000; // since the models were asked for something; the process lets go of them after twice that
const LARGEST_FILE = 40e6; // bytes, as the server takes them
let state = 'idle'; // idle, opening, listening, uploading
let loading = false;
let problem = '';
let did = ''; // what was done last, in a sentence
let asked = 0; // how often the models were asked for; an older answer says nothing
let lastAsked = 0;
let whose = ''; // set and run that the models were asked for
/** @type {Promise<any>} */
let naming = Promise.resolve(null); // who hears by the newest question; null where that was not said
let begun = 0; // how often something was begun; an older answer says nothing
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
  begun += 1;
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
    const hears = named();
    await microphone.open();
    const found = await hears;
    if (!isOpen() || !found) { microphone.close(); state = 'idle'; paint(); return; }
    session = new Session(found.asked, found.roles, calls);
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
  did = sound ? fill(words.spoke, { seconds: number(seconds, 1, 1) }) : '';
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
  const mine = begun;
  state = 'uploading';
  did = fill(words.uploading, { name: found.name });
  paint();
  const hears = await named();
  if (mine !== begun) return;
  if (!hears) { state = 'idle'; did = ''; paint(); return; }
  const about = hears.asked;
  const { cells } = addRow(hears.roles);
  const name = found.name.replace(/\p{Surrogate}/gu, ''); // half a character cannot be sent
  const headers = { 'X-Take': encodeURIComponent(JSON.stringify({ ...about, name })) };
  try {
    const heard = await post('voice/files', 'application/octet-stream', found, headers);
    if (mine !== begun) return;
    for (const [role, side] of Object.entries(heard.sides)) show(cells, role, side);
    sound = { token: heard.token, asked: about, roles: Object.keys(heard.sides), duration: heard.duration };
    did = [fill(words.uploaded, { name: heard.name, seconds: number(heard.duration, 1, 1) }), ...heard.warnings].join(' ');
  } catch (error) {
    if (mine !== begun) return;
    log.replaceChildren();
    did = '';
    problem = sentence(error);
  }
  state = 'idle';
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

const wanted = () => JSON.stringify([set(), runAsked()]);

function load() { naming = new Promise((resolve) => { ask(resolve); }); }

// Who hears, as soon as the server has said it: by the newest question, asked anew where it was of something else.
async function named() {
  if (whose !== wanted() || Date.now() - lastAsked > LONG_AGO_MS) load();
  let of = null, found = null;
  while (of !== naming) { of = naming; found = await of; }
  return found;
}

async function ask(tell) {
  const mine = asked += 1;
  const about = { set: set(), run: runAsked() };
  whose = wanted();
  loading = true;
  problem = '';
  paint();
  try {
    for await (const line of told('voice/models', 'application/json', JSON.stringify(about))) {
      if (mine !== asked) return;
      if (line.models) {
        who = line;
        tell({ asked: { set: about.set, run: line.run }, roles: roles() });
      }
      lastAsked = Date.now();
      paint();
    }
  } catch (error) {
    if (mine !== asked) return;
    problem = sentence(error);
    lastAsked = 0; // the next Speak asks again
  } finally {
    tell(null); // says nothing where it was told
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
