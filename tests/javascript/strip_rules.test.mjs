import assert from 'node:assert/strict';
import test from 'node:test';
import { rules } from './load.mjs';

const { count, listed, fill, placeAfter } = rules('adapt/strip_rules.js', 'count', 'listed', 'fill', 'placeAfter');

test('weights are counted in full, from a tenth of a million on in millions', () => {
  assert.deepEqual([999, 99_999, 100_000, 37_760_640].map(count), ['999', '99,999', '0.1 M', '37.8 M']);
});

test('the blocks that learn are written as the setting is', () => {
  const blocks = [{ name: 'features', part: 'nothing' }, { name: 'encoder 1', part: 'all' }, { name: 'encoder 2', part: 'norms' }];
  assert.equal(listed(blocks, { norms: 'norms' }), 'encoder 1, encoder 2: norms');
  assert.equal(listed([], {}), '');
});

test('arrow keys go from block to block and not round the corner', () => {
  assert.equal(placeAfter('ArrowRight', 1, 4), 2);
  assert.equal(placeAfter('ArrowUp', 1, 4), 0);
  assert.equal(placeAfter('ArrowLeft', 0, 4), -1, 'where no block is');
  assert.equal(placeAfter('ArrowRight', 3, 4), 4, 'where no block is');
  assert.deepEqual(['Home', 'End', 'a'].map((key) => placeAfter(key, 2, 4)), [0, 3, -1]);
});

test('a sentence takes its values by name', () => {
  assert.equal(fill('[k] of [n]', { k: 1, n: 2 }), '1 of 2');
});
