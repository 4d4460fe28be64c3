// Error rates of a set's runs over the time they took. A run is a button over the drawing, kept by its id, so that the
// focus survives every answer of the server.
const DRAWN = 'http://www.w3.org/2000/svg';
const EDGE = { left: 44, right: 14, top: 12, bottom: 26 }; // px around the plot
/** @type {HTMLElement} */
const chart = element.querySelector('.runs-chart');
const plot = /** @type {HTMLElement} */ (chart.querySelector('.plot'));
const picture = /** @type {SVGElement} */ (plot.querySelector('svg'));
const marks = new Map();

function line(name, attributes, text = '') {
  const node = document.createElementNS(DRAWN, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
  node.textContent = text;
  return node;
}

const measured = () => ((props.value || {}).runs || []).filter((run) => run.point);

function mark(run) {
  if (!marks.has(run.id)) {
    const node = button('mark', '', () => trigger('show', { id: run.id }));
    node.append(make('span', '', '', { 'aria-hidden': 'true' }));
    marks.set(run.id, plot.appendChild(node));
  }
  const node = marks.get(run.id), p = run.point;
  show(node.firstChild, run.best ? words.signs.best : words.signs[p.outcome]);
  node.dataset.outcome = p.outcome;
  node.classList.toggle('best', Boolean(run.best));
  if (run.id === props.value.shown) node.setAttribute('aria-current', 'true'); else node.removeAttribute('aria-current');
  const said = words.mark.replace('{name}', () => called(run)).replace('{verdict}', () => run.verdict)
    .replace('{wer}', run.wer).replace('{took}', run.took) + (run.best ? ` ${run.best}` : '');
  node.title = said;
  node.setAttribute('aria-label', said);
  return node;
}

function drawChart() {
  const runs = measured(), here = new Set(runs.map((run) => run.id));
  for (const [id, node] of marks) if (!here.has(id)) { node.remove(); marks.delete(id); }
  chart.hidden = runs.length < 2;
  const width = plot.clientWidth, height = plot.clientHeight;
  if (chart.hidden || !width) return;
  const points = runs.map((run) => run.point), times = timeAxis(points.map((p) => p.seconds)), rates = rateAxis(points);
  const x = (s) => EDGE.left + along(times, s) * (width - EDGE.left - EDGE.right);
  const y = (r) => height - EDGE.bottom - along(rates, r) * (height - EDGE.top - EDGE.bottom);
  const parts = rates.ticks.flatMap((r) => [
    line('line', { class: 'grid', x1: EDGE.left, x2: width - EDGE.right, y1: y(r), y2: y(r) }),
    line('text', { x: EDGE.left - 6, y: y(r) + 4, 'text-anchor': 'end' }, rateOf(r)),
  ]);
  for (const s of timeTicks(times, Math.max(2, Math.floor(width / 90)))) {
    parts.push(line('text', { x: x(s), y: height - 8, 'text-anchor': 'middle' }, spanOf(s, words.units)));
  }
  const bases = baseLines(points);
  for (const { base, model } of bases) {
    const taken = points.some((p) => width - x(p.seconds) < 170 && Math.abs(y(p.wer) - y(base) + 8) < 20);
    parts.push(line('line', { class: 'base', x1: EDGE.left, x2: width - EDGE.right, y1: y(base), y2: y(base) }));
    const place = { x: taken ? EDGE.left + 4 : width - EDGE.right, 'text-anchor': taken ? 'start' : 'end' };
    parts.push(line('text', { ...place, y: y(base) + (y(base) < EDGE.top + 14 ? 13 : -4) },
      [words.baseLine, bases.length > 1 ? model : '', rateOf(base)].filter(Boolean).join(' ')));
  }
  for (const p of points) if (p.low !== null) {
    parts.push(line('line', { class: 'whisker', x1: x(p.seconds), x2: x(p.seconds), y1: y(Math.max(0, p.high)), y2: y(Math.max(0, p.low)) }));
  }
  picture.setAttribute('viewBox', `0 0 ${width} ${height}`);
  picture.replaceChildren(...parts);
  for (const run of runs) {
    const node = mark(run);
    node.style.left = `${x(run.point.seconds)}px`;
    node.style.top = `${y(run.point.wer)}px`;
  }
}
new ResizeObserver(drawChart).observe(plot);
draw();
watch('value', draw);
