// The panel of a run is drawn anew while the run goes on; its one button is found where it was clicked.
element.addEventListener('click', (event) => {
  if (event.target.closest('button[data-again]')) trigger('again');
});
