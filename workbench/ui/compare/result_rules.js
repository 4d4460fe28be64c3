// The rules of the list of tested clips, which touch no page: its groups, which may overlap, and which clip is next.
const GROUPS = {
  all: () => true,
  improved: (clip) => clip.after < clip.before,
  worse: (clip) => clip.after > clip.before,
  wrong: (clip) => clip.after > 0,
};

// The id of the next clip with errors after the chosen one, or before it; round the ends, null where there is none.
function nextWrong(clips, chosen, step) {
  const start = clips.findIndex((clip) => clip.id === chosen), n = clips.length;
  for (let i = 1; i <= n; i += 1) {
    const clip = clips[(start + step * i + 2 * n) % n];
    if (GROUPS.wrong(clip) && clip.id !== chosen) return clip.id;
  }
  return null;
}
