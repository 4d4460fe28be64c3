// Listens for changes while somebody sees the page. Where the server cannot be heard, it asks now and then.
const ASK_MS = 5000;
const heard = new Heard();
let call = null; // what ends the stream that is open
let again = null;

async function listen() {
  clearTimeout(again);
  if (call || document.hidden) return;
  const own = new AbortController();
  call = own;
  try {
    const answer = await fetch('changes', { signal: own.signal });
    if (!answer.ok || !answer.body) throw new Error(`status ${answer.status}`);
    heard.begin();
    const letters = new TextDecoder();
    for (const reader = answer.body.getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (heard.take(letters.decode(value, { stream: true })) && !own.signal.aborted) trigger('told');
    }
  } catch { /* hung up, or nobody answers: see below */ }
  if (call !== own) return;
  call = null;
  again = setTimeout(() => { trigger('told'); listen(); }, ASK_MS);
}

function hangUp() {
  clearTimeout(again);
  if (call) call.abort();
  call = null;
}

document.addEventListener('visibilitychange', () => (document.hidden ? hangUp() : listen()));
window.addEventListener('pagehide', hangUp);
window.addEventListener('pageshow', listen);
listen();
