// Playing clips: one at a time, from where it stopped; speed and autoplay are remembered in this browser.
const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 2];
const BACK_S = 2;

function kept(name, otherwise) {
  try { return localStorage.getItem(`speech-workbench-${name}`) ?? otherwise; } catch { return otherwise; }
}

function keep(name, value) {
  try { localStorage.setItem(`speech-workbench-${name}`, value); } catch { /* storage is off: only this page knows */ }
}

const audio = new Audio();
audio.preload = 'none';

const player = {
  row: /** @type {any} */ (null), // whose sound is loaded
  speed: SPEEDS.includes(Number(kept('speed', 1))) ? Number(kept('speed', 1)) : 1,
  autoplay: kept('autoplay', '') === 'on',

  isPlaying(row) { return this.row === row && !audio.paused; },

  load(row) {
    if (this.row === row) return;
    audio.pause();
    this.row = row;
    audio.src = row.clip.url;
    audio.defaultPlaybackRate = this.speed;
  },

  /** @param {number | null} [from] seconds; from where it stopped where none is given */
  play(row, from = null) {
    this.load(row);
    if (from !== null) audio.currentTime = from;
    audio.playbackRate = this.speed;
    looper.pause();
    document.querySelectorAll('audio').forEach((other) => other.pause());
    audio.play().catch(() => paintPlaying());
    paintPlaying();
  },

  toggle(row) {
    if (this.isPlaying(row)) audio.pause(); else this.play(row, audio.ended ? 0 : null);
    paintPlaying();
  },

  back(row) {
    this.play(row, this.row === row ? Math.max(0, audio.currentTime - BACK_S) : 0);
  },

  faster(steps) {
    const place = SPEEDS.indexOf(this.speed) + steps;
    this.speed = SPEEDS[Math.min(Math.max(place, 0), SPEEDS.length - 1)];
    audio.defaultPlaybackRate = audio.playbackRate = this.speed;
    keep('speed', this.speed);
  },

  choose(autoplay) {
    this.autoplay = autoplay;
    keep('autoplay', autoplay ? 'on' : '');
  },

  forget(row) {
    if (this.row !== row) return;
    audio.pause();
    this.row = null;
  },
};

audio.onended = audio.onpause = () => paintPlaying();
audio.ontimeupdate = () => {
  if (player.row) player.row.head.style.left = `${100 * audio.currentTime / Math.max(player.row.clip.duration, 0.01)}%`;
};
// Another player of the page began; ours are not in it.
document.addEventListener('play', () => { audio.pause(); looper.pause(); }, true);

function paintPlaying() {
  for (const row of rows.values()) {
    const on = player.isPlaying(row);
    show(row.play, on ? '❚❚' : '▶');
    row.play.classList.toggle('on', on);
    row.play.setAttribute('aria-label', `${on ? props.words.pause : props.words.play}: ${row.clip.name}`);
    row.head.hidden = player.row !== row;
  }
  bar.paint();
}
