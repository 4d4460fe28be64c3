import assert from 'node:assert/strict';
import test from 'node:test';
import { rules } from './load.mjs';

const { tickStep, heightOf, colourTable, openingSecond, placeWords, levelsOf, MAPS } = rules(
  'compare/timeline_rules.js', 'tickStep', 'heightOf', 'colourTable', 'openingSecond', 'placeWords', 'levelsOf', 'MAPS');

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

test('every word is as wide as its letters, and none lies on another', () => {
  const said = [[0, 0.4, 30], [0.4, 0.44, 20], [0.44, 0.5, 34], [0.5, 0.56, 40], [0.56, 0.6, 50], [0.6, 1.4, 44]];
  const placed = placeWords(said.map(([from, to, need]) => ({ from, to, need })), 100);
  said.forEach(([, , need], i) => assert.ok(placed[i].width >= need));
  for (const [i, one] of placed.entries()) for (const other of placed.slice(i + 1)) {
    if (one.row === other.row) assert.ok(one.left + one.width <= other.left, JSON.stringify([one, other]));
  }
  assert.deepEqual(placed.map((one) => one.row), [0, 0, 1, 2, 0, 1]);
  assert.ok(placed[5].left >= 60, 'at its time, where there is room');
});

test('words with room stand at their times in one row, a missing one below', () => {
  const placed = placeWords([{ from: 0, to: 1, need: 20 }, { from: 1, to: 2, need: 20, low: true }, { from: 1, to: 2, need: 9 }], 100);
  assert.deepEqual(placed.map((one) => [one.left, one.row]), [[0, 0], [100, 1], [100, 0]]);
});

test('colours go from the background to the loudest moments, over 35 dB at least', () => {
  const of = (...parts) => Uint8Array.from(parts.flatMap(([level, n]) => Array(n).fill(level)));
  assert.deepEqual(levelsOf(of([60, 700], [200, 300])), [60, 200]);
  assert.deepEqual(levelsOf(of([180, 900], [200, 100])), [88, 200]);
  assert.deepEqual(levelsOf(of([0, 1000])), [0, 1]);
});
