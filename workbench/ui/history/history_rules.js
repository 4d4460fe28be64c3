// The rules of the list of runs, which touch no page.
// A moment in the visitor's own zone; in English as tables sort it.
function when(iso) {
  const t = new Date(iso), two = (n) => String(n).padStart(2, '0');
  if (!language().startsWith('en')) return new Intl.DateTimeFormat(language(), { dateStyle: 'short', timeStyle: 'short' }).format(t);
  return `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())} ${two(t.getHours())}:${two(t.getMinutes())}`;
}

const called = (run) => run.title || run.id;

// Runs' ids by age, the older first: by number, so that run-10 follows run-9.
const byAge = (one, other) => Number(one.split('-')[1]) - Number(other.split('-')[1]);
