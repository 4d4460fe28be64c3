// The rules of the word list's keeper, which touch no page.
const PAUSES_MS = [2000, 4000, 8000, 15000, 30000]; // until a list that could not be saved is sent again

const tidy = (text) => [...new Set(text.split('\n').map((line) => line.split(/\s+/).filter(Boolean).join(' ')))]
  .filter(Boolean).join('\n'); // about as the server keeps it

// Of a list that this tab remembers, when the server's arrives: 'home' where that is the same, 'owed' where it is as it
// was when typing began, 'overtaken' where somebody has changed it, or another workspace is served here by now.
function standing(kept, said) {
  if (tidy(kept.text) === said) return 'home';
  return kept.before === said ? 'owed' : 'overtaken';
}

const pauseBefore = (tries) => PAUSES_MS[Math.min(tries, PAUSES_MS.length - 1)];
