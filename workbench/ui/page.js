() => {
  document.addEventListener('change', (event) => {
    const menu = /** @type {HTMLSelectElement | null} */ (event.target.closest('select[data-language]'));
    if (!menu) return;
    const place = new URL(document.baseURI).pathname;
    document.cookie = `workbench-language=${menu.value}; path=${place}; max-age=31536000; samesite=lax`;
    window.location.reload();
  });
  // A jump opens the stage that holds the place.
  window.showPlace = (id) => {
    const place = document.getElementById(id);
    if (!place) return;
    const stage = place.closest('.stage');
    if (stage) window.openStage(stage.id.replace('stage-', ''));
    const top = place.getBoundingClientRect().top;
    // A place that is in sight already, or the first of its stage, moves nothing.
    if (top < 0 || top > window.innerHeight * 0.6) place.scrollIntoView({ block: 'start' });
  };
  document.addEventListener('click', (event) => {
    const link = event.target.closest('.next a, a[data-place]');
    const place = link && document.getElementById((link.getAttribute('href') || '').slice(1));
    if (!place) return;
    event.preventDefault();
    window.showPlace(place.id);
    place.tabIndex = -1;  // the keyboard goes on from there
    place.focus({ preventScroll: true });
  });
  // At once a sign that a click was heard; its answer may take a while on a busy machine.
  document.addEventListener('click', (event) => {
    const button = event.target.closest('button');
    if (!button) return;
    button.classList.add('heard');
    setTimeout(() => button.classList.remove('heard'), 1200);
    if (button.matches('[data-close]')) button.closest('.report')?.remove();
  });
  // Gradio's dropdown answers a key after a pause, and opens its list; at Tab the field has been left by then, and the
  // list would stay open over the page. So it does not hear of Tab: leaving the field closes the list.
  window.addEventListener('keydown', (event) => {
    if (event.key === 'Tab' && event.target.closest('input[role=combobox]')) event.stopPropagation();
  }, true);
  const one = document.body.appendChild(new Audio());  // in the page, so that other players and it stop each other
  document.addEventListener('click', (event) => {
    const button = event.target.closest('button[data-play]');
    if (!button) return;
    one.src = button.dataset.play ?? '';
    one.play().catch(() => {});
  });
  document.addEventListener('play', (event) => {
    document.querySelectorAll('audio').forEach((other) => { if (other !== event.target) other.pause(); });
  }, true);
  if (!window.isSecureContext) document.body.classList.add('no-microphone');
}
