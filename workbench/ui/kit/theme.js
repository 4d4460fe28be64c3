// Light or dark, as it was chosen here before; else as the system has it, which Gradio sees to. Runs before the first paint.
const KEPT_THEME = 'speech-workbench-theme';
const looks = document.body.classList;
try {
  const kept = localStorage.getItem(KEPT_THEME);
  if (kept) looks.toggle('dark', kept === 'dark');
} catch { /* storage is off: the system decides */ }
element.addEventListener('click', () => {
  const mode = looks.toggle('dark') ? 'dark' : 'light';
  try { localStorage.setItem(KEPT_THEME, mode); } catch { /* not kept, still switched */ }
});
