import assert from 'node:assert/strict';
import test from 'node:test';
import { rules } from './load.mjs';

const { tidy, standing, pauseBefore } = rules('collect/words_rules.js', 'tidy', 'standing', 'pauseBefore');

test('a list is tidied as the server keeps it', () => {
  assert.equal(tidy(' sinus  rhythm\n\nstent\nstent \n'), 'sinus rhythm\nstent');
});

test('a remembered list is sent only where nobody has changed it meanwhile', () => {
  const kept = { text: 'stent\nvalve ', before: 'stent' };
  assert.equal(standing(kept, 'stent\nvalve'), 'home');
  assert.equal(standing(kept, 'stent'), 'owed');
  assert.equal(standing(kept, 'stent\ngraft'), 'overtaken');
  assert.equal(standing(kept, ''), 'overtaken');
});

test('it is sent again ever more rarely', () => {
  assert.deepEqual([0, 1, 9].map(pauseBefore), [2000, 4000, 30000]);
});
