// Record a clip: one button, the level, what is left of the time; each take is a clip as soon as it ends.
const box = element.querySelector('.recorder');
const microphone = new Microphone();
const button = make('button', 'record', { type: 'button' });
const sign = make('span', 'sign', { 'aria-hidden': 'true' });
const caption = make('b');
button.append(sign, caption);
const level = new Level();
const clock = new Clock(() => stop());
const status = make('p', 'said', { role: 'status' });
const live = make('div', 'live');
live.append(level.node, clock.node);
const openReader = make('button', 'read-aloud', { type: 'button' }, props.words.readAloud);
box.append(button, live, status, openReader);
let state = 'idle'; // idle, opening, recording, saving

function tell(sentence, kind = '', ...more) {
  const where = reader.dialog.open ? reader.said : status;
  where.replaceChildren(sentence, ...more);
  where.className = `said ${kind}`;
}

// What became of a take, with the way to its row; the list of clips listens.
function tellKept(kept) {
  const saved = fill(props.words.savedAs, { name: kept.name, seconds: number(kept.duration, 1, 1) });
  const show = make('button', 'plain', { type: 'button' }, props.words.showClip);
  show.onclick = () => document.dispatchEvent(new CustomEvent('show-clip', { detail: kept.id }));
  tell(kept.remark ? `${saved} ${kept.remark} ` : `${saved} `, kept.remark ? 'mind' : 'well', show);
}

function paint() {
  const on = state === 'recording';
  caption.textContent = on ? props.words.stop : state === 'saving' ? props.words.saving : props.words.record;
  button.classList.toggle('on', on);
  button.disabled = !set() || state === 'opening' || state === 'saving';
  openReader.disabled = !set() || state !== 'idle';
  live.hidden = !on;
}

function set() { return (props.value || {}).set || ''; }

async function start() {
  state = 'opening';
  paint();
  tell('');
  try {
    await microphone.open();
    microphone.begin();
    level.clear();
    clock.start();
    state = 'recording';
  } catch (error) {
    state = 'idle';
    tell(error.message, 'bad');
  }
  paint();
}

async function stop() {
  if (state !== 'recording') return;
  state = 'saving';
  clock.clear();
  paint();
  const about = { set: set(), speaker: speakerField()?.value || '' };
  const take = await microphone.end();
  microphone.close();
  try {
    if (take) tellKept(await outbox.send(take, about));
  } catch (error) { tell(error.message, 'bad'); }
  state = 'idle';
  paint();
}

microphone.onlevel = (db, peak) => (reader.dialog.open ? reader.level : level).show(db, peak);
microphone.ongone = () => {
  state = 'idle';
  clock.clear();
  if (reader.dialog.open) reader.stopped();
  tell(props.words.gone, 'bad');
  paint();
};
button.onclick = () => (state === 'recording' ? stop() : start());
openReader.onclick = () => reader.open();

function draw() {
  const value = props.value || {};
  box.closest('.ways')?.classList.toggle('begun', value.clips > 0);
  // Until the page knows which set is meant, it claims nothing.
  if (!value.set && state === 'idle') tell(value.set === undefined ? props.words.loading : props.words.noSet);
  else if ([props.words.noSet, props.words.loading].includes(status.textContent)) tell('');
  paint();
}
