import assert from 'node:assert/strict';
import test from 'node:test';
import { rules } from './load.mjs';

const { tickStep, heightOf, colourTable, openingSecond, MAPS } = rules(
  'compare/timeline_rules.js', 'tickStep', 'heightOf', 'colourTable', 'openingSecond', 'MAPS');

test('the view opens shortly before the first word of any lane', () => {
  const lane = (...begins) => ({ words: begins.map((from) => ({ from })) });
  assert.equal(openingSecond([lane(null, 4.5), lane(4.3, 5)]), 4);
  assert.equal(openingSecond([lane(0.1)]), 0, 'never before the clip');
  assert.equal(openingSecond([lane(null), lane()]), 0, 'without times, at its beginning');
});

test('ticks stand apart at every zoom', () => {
  for (const pixels of [5, 12, 60, 130, 899, 5000]) {
    assert.ok(tickStep(pixels) * pixels >= 56 || tickStep(pixels) === 10, `${pixels} pixels a second`);
  }
  assert.equal(tickStep(60), 1, 'and no farther than they must');
  assert.equal(tickStep(900), 0.1);
});

test('frequencies lie where the spectrogram is drawn', () => {
  for (const scale of ['mel', 'linear']) assert.deepEqual([heightOf(0, scale), heightOf(8000, scale)], [0, 1]);
  assert.equal(heightOf(4000, 'linear'), 0.5);
  // 15 of 45.2456 mel: librosa.hz_to_mel(1000) / librosa.hz_to_mel(8000)
  assert.ok(Math.abs(heightOf(1000, 'mel') - 0.331526) < 1e-5, String(heightOf(1000, 'mel')));
});

test('each colour map goes from its first colour to its last', () => {
  for (const [map, colours] of Object.entries(MAPS)) {
    const table = colourTable(map);
    const at = (i) => [...table.slice(4 * i, 4 * i + 3)].map((c) => c.toString(16).padStart(2, '0')).join('');
    assert.deepEqual([at(0), at(255)], [colours.slice(0, 6), colours.slice(-6)], map);
    assert.ok(table.every((c, i) => i % 4 !== 3 || c === 255), 'none is transparent');
  }
});
