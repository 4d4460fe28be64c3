() => {
  const key = 'speech-workbench-theme';
  const paint = (mode) => document.body.classList.toggle('dark', mode === 'dark');
  try { const kept = localStorage.getItem(key); if (kept) paint(kept); } catch { /* storage is off: the system decides */ }
  document.addEventListener('click', (event) => {
    if (!event.target.closest('[data-theme-switch]')) return;
    const mode = document.body.classList.contains('dark') ? 'light' : 'dark';
    paint(mode);
    try { localStorage.setItem(key, mode); } catch { /* not kept, still switched */ }
  });
  document.addEventListener('play', (event) => {
    document.querySelectorAll('audio').forEach((other) => { if (other !== event.target) other.pause(); });
  }, true);
  if (!window.isSecureContext) document.body.classList.add('no-microphone');
}
