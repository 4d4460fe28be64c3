import assert from 'node:assert/strict';
import test from 'node:test';
import { rules, speaking } from './load.mjs';

const { niceStep, bars, ticks, frame, nearest, boxed, counted } = rules(
  'overview/overview_rules.js', 'niceStep', 'bars', 'ticks', 'frame', 'nearest', 'boxed', 'counted');

const total = (found) => found.reduce((sum, bar) => sum + bar.n, 0);

test('steps are 1, 2 or 5 times a power of ten', () => {
  assert.deepEqual([niceStep(10, 10), niceStep(10, 9), niceStep(30, 12), niceStep(0.6, 12), niceStep(7, 1)], [1, 2, 5, 0.05, 10]);
});

test('each value lies in one bar, its low end in it and its high one in the next', () => {
  assert.deepEqual(bars([1, 1.5, 2, 2, 3], 4), [{ low: 1, high: 2, n: 2 }, { low: 2, high: 3, n: 2 }, { low: 3, high: 4, n: 1 }]);
});

test('ends of bars are the numbers that they look like', () => {
  const found = bars(Array.from({ length: 100 }, (_, i) => i / 100), 12);
  assert.deepEqual(found.map((bar) => bar.low), [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]);
  assert.deepEqual(found.map((bar) => bar.n), Array(10).fill(10));
});

test('what is not known is in no bar, and nothing known makes none', () => {
  assert.equal(total(bars([null, 3, null, 4])), 2);
  assert.deepEqual(bars([null, null]), []);
});

test('values that are all the same make one bar', () => {
  assert.deepEqual(bars([3, 3, 3]).map((bar) => bar.n), [3]);
});

test('a value far above the others lies in a last bar without an end', () => {
  const found = bars([...Array.from({ length: 200 }, (_, i) => 10 + i / 40), 90, 120]);
  assert.deepEqual(found.at(-1), { low: 15, high: null, n: 2 });
  assert.equal(total(found), 202);
});

test('there are never more bars than asked for', () => {
  for (const top of [0.3, 1, 4.9, 17, 29.99, 1234]) for (const low of [0, 0.19, 0.21]) {
    const values = Array.from({ length: 300 }, (_, i) => low + i / 299 * (top - low));
    assert.ok(bars(values).length <= 13, `${low} to ${top}: ${bars(values).length}`);
    assert.equal(total(bars(values)), 300);
  }
});

test('an axis begins at or below the values and ends at or above them', () => {
  assert.deepEqual(ticks(0, 4.98, 6), [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(ticks(-28.7, 0, 5), [-30, -20, -10, 0]);
  assert.deepEqual(ticks(0, 0, 5).length > 1, true);
});

const axes = frame([0, 10, -40, 0], { left: 30, top: 10, width: 200, height: 100 });

test('numbers become pixels and pixels numbers', () => {
  assert.deepEqual([axes.x(0), axes.x(10), axes.y(-40), axes.y(0)], [30, 230, 110, 10]);
  assert.deepEqual([axes.atX(axes.x(3)), axes.atY(axes.y(-12))], [3, -12]);
});

test('a click means the nearest point, or none where none is near', () => {
  const points = [[10, 10], [14, 10], [100, 100]];
  assert.equal(nearest(points, 13, 11, 14), 1);
  assert.equal(nearest(points, 60, 60, 14), -1);
  assert.equal(nearest([], 0, 0, 14), -1);
});

test('a box holds what lies between its corners, whichever was first', () => {
  const wanted = { duration: [2, 4], level: [-20, -10] };
  assert.deepEqual(boxed(axes, [axes.x(2), axes.y(-10)], [axes.x(4), axes.y(-20)]), wanted);
  assert.deepEqual(boxed(axes, [axes.x(4), axes.y(-20)], [axes.x(2), axes.y(-10)]), wanted);
});

test('the words for a number are those of its form', () => {
  const forms = { one: 'clip', other: 'clips' };
  assert.deepEqual([0, 1, 2].map((n) => counted(n, forms)), ['clips', 'clip', 'clips']);
  speaking('fr', () => assert.deepEqual([0, 1, 2, 1e6].map((n) => counted(n, forms)), ['clip', 'clip', 'clips', 'clips']));
});
