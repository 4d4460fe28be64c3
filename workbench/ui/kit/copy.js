element.addEventListener('click', async (event) => {
  const button = event.target.closest('button[data-copy]');
  if (!button) return;
  const code = button.parentElement?.querySelector('code');
  if (!code) return;
  try { await navigator.clipboard.writeText(code.textContent); button.textContent = button.dataset.copied ?? ''; } catch {
    const range = document.createRange();
    range.selectNodeContents(code);
    getSelection()?.removeAllRanges();
    getSelection()?.addRange(range);
  }
});
