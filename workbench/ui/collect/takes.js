// Takes: how long one may last, and their way to the server.
const AGAIN_MS = 3000; // between attempts to send one

// Takes on their way: each is sent until the server answers, and the page is not left silently before that.
const outbox = {
  waiting: 0,
  async send(take, about) {
    const headers = { 'X-Take': encodeURIComponent(JSON.stringify(about)) };
    this.waiting += 1;
    try {
      for (let attempt = 0; ; attempt += 1) {
        try { return await post('takes', 'audio/wav', take, headers); } catch (error) {
          if (error instanceof Refused) throw error;
          if (attempt === 0) tell(error instanceof Later ? `${error.message} ${props.words.kept}` : props.words.unsent, 'bad');
          await new Promise((resolve) => { setTimeout(resolve, AGAIN_MS); });
        }
      }
    } finally { this.waiting -= 1; }
  },
};
window.addEventListener('beforeunload', (event) => { if (outbox.waiting) event.preventDefault(); });

// What is left of the longest take, counted down; `onend` when nothing is.
class Clock {
  constructor(onend) {
    this.node = make('span', 'clock', { 'aria-hidden': 'true' });
    this.onend = onend;
    this.clear();
  }

  start() {
    const end = Date.now() + LONGEST_S * 1000;
    const tick = () => {
      const left = secondsLeft(end, Date.now());
      this.node.textContent = fill(props.words.left, { n: left });
      this.node.classList.toggle('short', left <= 5);
      if (!left) this.onend();
    };
    tick();
    this.timer = setInterval(tick, 250);
  }

  clear() {
    clearInterval(this.timer);
    this.node.textContent = fill(props.words.left, { n: LONGEST_S });
    this.node.classList.remove('short');
  }
}

// Counts 3, 2, 1 in `node`; false where `stopped()` says so meanwhile.
async function countIn(node, stopped) {
  for (const n of [3, 2, 1]) {
    node.textContent = n;
    await new Promise((resolve) => { setTimeout(resolve, 700); });
    if (stopped()) return false;
  }
  return true;
}

// The one speaker's name of the card, which uploads use too.
/** @returns {HTMLInputElement | HTMLTextAreaElement | null} */
function speakerField() { return document.querySelector('#speaker input, #speaker textarea'); }
