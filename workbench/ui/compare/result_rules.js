// The rules of the list of tested clips, which touch no page: its groups, which may overlap, and which clip is next.
const GROUPS = {
  all: () => true,
  improved: (clip) => clip.after < clip.before,
  worse: (clip) => clip.after > clip.before,
  wrong: (clip) => clip.after > 0,
};

// The clips of a group in the order in which they are worth a look: where it went wrong, the worst first.
function listed(clips, group) {
  const found = clips.filter(GROUPS[group]);
  if (group === 'wrong') found.sort((one, other) => other.after - one.after);
  if (group === 'worse') found.sort((one, other) => (other.after - other.before) - (one.after - one.before));
  return found;
}

// The id of the next clip that is still wrong after the chosen one, or before it, the worst first; round the ends, null
// where there is none.
function nextWrong(clips, chosen, step) {
  const wrong = listed(clips, 'wrong'), at = wrong.findIndex((clip) => clip.id === chosen), n = wrong.length;
  if (at < 0) return n ? wrong[step > 0 ? 0 : n - 1].id : null;
  return n > 1 ? wrong[(at + step + n) % n].id : null;
}
