// The drawer that "Try it by voice" lies in: what it shows now, how it opens and shuts, and files dropped on it.
function statusNow() {
  if (state === 'opening') return words.opening;
  const now = session ? standing(session.unheard, session.underway, state === 'listening') : '';
  if (now === 'behind') return fill(words.behind, { n: session?.unheard });
  if (loading && state !== 'uploading') return words.getReady;
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
  speak.disabled = state === 'opening' || state === 'uploading';
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
