// The panel of a run is drawn anew while the run goes on; its buttons are found where they were clicked.
function paintForm(open) {
  document.body.classList.toggle('preparing', open);
  element.querySelector('button[data-prepare]')?.setAttribute('aria-expanded', String(open));
}

element.addEventListener('click', (event) => {
  if (event.target.closest('button[data-again]')) trigger('again');
  if (event.target.closest('button[data-prepare]')) paintForm(!document.body.classList.contains('preparing'));
});
watch('value', () => paintForm(document.body.classList.contains('preparing')));
