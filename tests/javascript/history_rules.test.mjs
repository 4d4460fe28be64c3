import assert from 'node:assert/strict';
import test from 'node:test';
import { rules, speaking } from './load.mjs';

const { when, called, byAge } = rules('history/history_rules.js', 'when', 'called', 'byAge');

test('runs are in the order of their numbers, the older first', () => {
  assert.deepEqual(['run-10', 'run-2', 'run-9'].sort(byAge), ['run-2', 'run-9', 'run-10']);
});

test('a run is called by its name where it has one', () => {
  assert.equal(called({ id: 'run-1', title: '' }), 'run-1');
  assert.equal(called({ id: 'run-1', title: 'clinic' }), 'clinic');
});

test('times are written in the zone of whoever reads', () => {
  process.env.TZ = 'Asia/Tokyo';
  assert.equal(when('2026-01-31T20:05:09+00:00'), '2026-02-01 05:05');
  process.env.TZ = 'UTC';
  assert.equal(when('2026-01-31T20:05:09+00:00'), '2026-01-31 20:05');
  speaking('de', () => assert.match(when('2026-01-31T20:05:09+00:00'), /^31\.01\.26,? 20:05$/));
});
