import assert from 'node:assert/strict';
import test from 'node:test';
import { rules } from './load.mjs';

const { withHandle, keyedTo, nearestHandle, isAll, isSame, loopedFrom, trimToUndo } = rules(
  'label/trim_rules.js', 'withHandle', 'keyedTo', 'nearestHandle', 'isAll', 'isSame', 'loopedFrom', 'trimToUndo');

test('a handle goes where it is taken, in hundredths', () => {
  assert.deepEqual(withHandle([0, 2.3456], 0, 0.50321, 2.3456), [0.5, 2.3456]);
  assert.deepEqual(withHandle([0.5, 2.3456], 1, 1.9999, 2.3456), [0.5, 2]);
});

test('handles keep what a clip lasts at least between them', () => {
  assert.deepEqual(withHandle([0.5, 1], 0, 0.95, 3), [0.8, 1]);
  assert.deepEqual(withHandle([0.5, 1], 1, 0.1, 3), [0.5, 0.7]);
  assert.deepEqual(withHandle([0, 0.15], 0, 0.1, 0.15), [0, 0.15], 'a sound that is too short already stays whole');
  assert.deepEqual(withHandle([0, 0.15], 1, 0.1, 0.15), [0, 0.15]);
});

test('the very ends of the sound are reached, so that nothing of it is lost', () => {
  assert.deepEqual(withHandle([0.5, 1], 1, 99, 2.3456), [0.5, 2.3456]);
  assert.deepEqual(withHandle([0.5, 1], 0, -1, 2.3456), [0, 1]);
  assert.ok(isAll([0, 2.3456], 2.3456));
  assert.ok(!isAll([0, 2.34], 2.3456));
  assert.ok(!isAll([0.01, 2.3456], 2.3456));
});

test('keys move a handle as those of a slider do', () => {
  const at = (key, more = {}) => keyedTo({ key, ...more }, 1, 2);
  assert.equal(at('ArrowRight'), 1.05);
  assert.equal(at('ArrowLeft'), 0.95);
  assert.equal(at('ArrowRight', { shiftKey: true }), 1.5);
  assert.equal(at('PageDown'), 0.5);
  assert.deepEqual([at('Home'), at('End')], [0, 2]);
  assert.equal(keyedTo({ key: 'ArrowLeft' }, 0.02, 2), 0);
  assert.equal(at('ArrowDown', { altKey: true }), null, 'that goes on to the next clip');
  assert.equal(at('F2'), null);
});

test('a press beside the handles takes the nearer one', () => {
  assert.equal(nearestHandle([1, 2], 0.2), 0);
  assert.equal(nearestHandle([1, 2], 1.8), 1);
});

test('what loops goes back to its start at its end, and where a handle has passed it', () => {
  assert.equal(loopedFrom(1.2, [1, 2]), null);
  assert.equal(loopedFrom(2.01, [1, 2]), 1);
  assert.equal(loopedFrom(0.5, [1, 2]), 1);
  assert.equal(loopedFrom(0.99, [1, 2]), null, 'decoders stop a little early');
});

test('a part that did not change is told from one that did', () => {
  assert.ok(isSame([0.5, 1.23441], [0.5, 1.2344]));
  assert.ok(!isSame([0.5, 1.24], [0.5, 1.23]));
});

test('undo takes back the newest act at a clip, whichever it was', () => {
  assert.equal(trimToUndo({ ids: [1], trim: 3 }, { revision: 2, trims: 3 }), 3);
  assert.equal(trimToUndo({ ids: [1], revision: 2 }, { revision: 2, trims: 3 }), null);
  assert.equal(trimToUndo(null, { revision: 0, trims: 3 }), 3, 'after a reload, where there is nothing else');
  assert.equal(trimToUndo(null, { revision: 2, trims: 3 }), null);
});
