import assert from 'node:assert/strict';
import test from 'node:test';
import { rules } from './load.mjs';

const { timeAxis, along, timeTicks, rateAxis, baseLines, spanOf, rateOf } = rules(
  'history/chart_rules.js', 'timeAxis', 'along', 'timeTicks', 'rateAxis', 'baseLines', 'spanOf', 'rateOf',
);
const point = (base, wer, low = wer - 0.02, high = wer + 0.02) => ({ seconds: 60, model: 'a', base, wer, low, high });

test('times that lie far apart are on a logarithmic axis, others begin at nothing', () => {
  assert.equal(timeAxis([60, 90, 100]).log, false);
  assert.equal(timeAxis([60, 90, 100]).low, 0);
  assert.equal(timeAxis([6, 3600]).log, true);
  assert.ok(timeAxis([0, 0]).high > 0);
});

test('every run and every tick stands within the picture', () => {
  for (const seconds of [[6, 3600], [60, 61], [0, 5], [1, 200000], [30, 30]]) {
    const axis = timeAxis(seconds);
    const shares = [...seconds, ...timeTicks(axis, 5)].map((s) => along(axis, Math.max(axis.log ? 1 : 0, s)));
    for (const share of shares) assert.ok(share >= 0 && share <= 1, `${seconds}: ${share}`);
    assert.ok(along(axis, seconds[0]) <= along(axis, seconds[1]));
    const ticks = timeTicks(axis, 5);
    assert.ok(ticks.length >= 2 && ticks.length <= 6, `${seconds}: ${ticks}`);
  }
});

test('the ends of the axis of error rates hold every whisker and the base', () => {
  const axis = rateAxis([point(0.31, 0.12, 0.05, 0.2), point(0.31, 0.44, 0.3, 0.61)]);
  assert.ok(axis.low <= 0.05 && axis.high >= 0.61);
  assert.equal(axis.ticks[0], axis.low);
  assert.ok(Math.abs(axis.ticks.at(-1) - axis.high) < 1e-9);
  assert.ok(axis.ticks.length >= 3 && axis.ticks.length <= 7);
  assert.equal(rateAxis([point(0.02, 0.01, -0.03, 0.01)]).low, 0); // no rate is below nothing
  const alike = rateAxis([point(0.2, 0.2, null, null), point(0.2, 0.2, null, null)]);
  assert.ok(alike.high > alike.low && alike.low <= 0.2 && alike.high >= 0.2);
});

test('bases that are the same are one line, and there are three at most', () => {
  const found = baseLines([point(0.3, 0.1), point(0.4, 0.1), point(0.4, 0.2)]);
  assert.deepEqual(found, [{ base: 0.4, model: 'a' }, { base: 0.3, model: 'a' }]);
  assert.equal(baseLines([point(0.3, 0.1), { ...point(0.3, 0.1), model: 'b' }]).length, 2);
  assert.equal(baseLines([0.1, 0.2, 0.3, 0.4].map((base) => point(base, 0.1))).length, 3);
});

test('times and rates are written short', () => {
  const units = { s: 's', min: 'min', h: 'h' };
  assert.deepEqual([30, 600, 3600, 14400].map((s) => spanOf(s, units)), ['30 s', '10 min', '60 min', '4 h']);
  assert.deepEqual([0.1, 0.125, 0.30000000000000004].map(rateOf), ['10 %', '12.5 %', '30 %']);
});
