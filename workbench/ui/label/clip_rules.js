// The rules of the list of clips, which touch no page: texts, unsure words, keys, and what may be written over or dropped.
const LONGEST = 400; // words that are compared with the draft
const PAUSES_MS = [2000, 4000, 8000, 15000, 30000]; // until what could not be saved is sent again

const filled = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const tidy = (text) => text.normalize('NFC').split(/\s+/).filter(Boolean).join(' '); // about as the server keeps it

// For each word whether it is one of the draft's unsure ones: the longest common subsequence says which is which.
function unsureWords(words, draft, unsure) {
  const n = Math.min(words.length, LONGEST), m = Math.min(draft.length, LONGEST);
  const longest = Array.from({ length: n + 1 }, () => new Uint16Array(m + 1));
  for (let i = n - 1; i >= 0; i--) for (let j = m - 1; j >= 0; j--) {
    longest[i][j] = words[i] === draft[j] ? longest[i + 1][j + 1] + 1 : Math.max(longest[i + 1][j], longest[i][j + 1]);
  }
  const doubtful = new Set(unsure), marked = new Array(words.length).fill(false);
  for (let i = 0, j = 0; i < n && j < m;) {
    if (words[i] === draft[j]) { marked[i] = doubtful.has(j); i++; j++; }
    else if (longest[i + 1][j] >= longest[i][j + 1]) i++; else j++;
  }
  return marked;
}

// What a row says of its clip's state, and what that means.
function stateOf(clip, words) {
  if (clip.noSpeech) return [words.noSpeech, words.noSpeechNote];
  if (clip.edited) return [words.edited, words.editedNote];
  if (clip.status === 'confirmed') return ['', '']; // the button says so
  if (clip.status === 'drafted' && clip.stale) return [words.staleDraft, words.stale];
  const n = clip.unsure.length;
  return n ? [`${words.status[clip.status]} · ${filled(words.unsureCount, { n })}`, words.unsureNote] : [words.status[clip.status], ''];
}

// ---- what was typed, and what the server has ----

// A clip arrives where a field holds `text`, tidied: 'own' is a text that this page sent; 'taken' that nothing of one's
// own is in the field; 'told' that somebody else's words meet one's own, which stay; 'kept' that both say the same.
function meeting(clip, before, { text, synced, sent, typing }) {
  if (sent.includes(clip.text)) return 'own';
  if (!before || (text === synced && !typing && sent.length === 0)) return 'taken';
  if (clip.revision > before.revision && clip.text !== text) return 'told';
  return clip.text === text ? 'kept' : 'left';
}

// Whether the server has what is owed to it, so that it need not be sent or remembered any more.
function isSettled(owed, said, confirmed) {
  return owed.text !== null && owed.text === said && (!owed.submit || confirmed);
}

const pauseBefore = (tries) => PAUSES_MS[Math.min(tries, PAUSES_MS.length - 1)];

// ---- keys ----

const PLAIN = { F8: 'toggle', F7: 'back', F9: 'faster', F2: 'undo' };
const WITH_ALT = { ArrowDown: 'next', ArrowUp: 'previous' };
const WITH_CONTROL = { ' ': 'toggle', ',': 'back', '.': 'faster', '/': 'keys' };

// What a key means; AltGr writes letters on many keyboards and is told as Ctrl and Alt at once: it is never one of ours.
function commandOf(event, writing) {
  if (event.key === 'Enter' && writing && !event.shiftKey && !event.ctrlKey && !event.altKey) return 'confirm';
  if (event.metaKey || (event.ctrlKey && event.altKey)) return null;
  if (event.key === '?' && !writing) return 'keys';
  return (event.ctrlKey ? WITH_CONTROL : event.altKey ? WITH_ALT : PLAIN)[event.key] || null;
}
