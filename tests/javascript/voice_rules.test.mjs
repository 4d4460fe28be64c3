import assert from 'node:assert/strict';
import test from 'node:test';
import { rules } from './load.mjs';

const BLOCK_S = 1024 / 48_000;
const { Cutter, standing } = rules('voice/voice_rules.js', 'Cutter', 'standing');

/** Levels of seconds of something, with the ups and downs that speech has. */
const lasting = (seconds, db, swing = 0) => Array.from({ length: Math.round(seconds / BLOCK_S) },
  (_, i) => db + swing * Math.sin(i * 1.7));
const speech = (seconds, db = -20) => lasting(seconds, db, 6);
const pause = (seconds, db = -62) => lasting(seconds, db, 1.5);

/** The cuts in seconds, and when each was told. */
function cuts(levels, { end = true } = {}) {
  const cutter = new Cutter(BLOCK_S);
  const found = levels.map((db, i) => [i, cutter.add(db)]);
  if (end) found.push([levels.length - 1, cutter.end()]);
  return found.filter(([, cut]) => cut).map(([i, cut]) => (
    { from: cut.from * BLOCK_S, to: cut.to * BLOCK_S, told: (i + 1) * BLOCK_S }));
}

const near = (value, wanted, what) => assert.ok(Math.abs(value - wanted) < 0.06, `${what}: ${value}, not ${wanted}`);

test('a pause ends a piece, which keeps a little of what is around it', () => {
  const found = cuts([...pause(1), ...speech(2), ...pause(1), ...speech(1.5), ...pause(1)]);
  assert.equal(found.length, 2);
  near(found[0].from, 0.7, 'before the first word');
  near(found[0].to, 3.25, 'after the last');
  near(found[0].told, 3.4, 'as soon as it is a pause');
  near(found[1].from, 3.7, 'the second');
});

test('a short stop within a sentence ends nothing', () => {
  assert.equal(cuts([...pause(0.5), ...speech(1), ...pause(0.3), ...speech(1), ...pause(0.6)]).length, 1);
});

test('in a loud room the pause is what lies clearly below the voice', () => {
  const found = cuts([...pause(3, -38), ...speech(2, -16), ...pause(1, -38), ...speech(2, -16), ...pause(1, -38)]);
  assert.equal(found.filter((cut) => cut.to > 3).length, 2);
  near(found.at(-1).to, 8.25, 'the last word');
});

test('a soft voice in a quiet room is heard, and the room is not', () => {
  assert.equal(cuts([...pause(1, -72), ...speech(1.5, -44), ...pause(1, -72)]).length, 1);
  assert.deepEqual(cuts(pause(10, -62)), []);
  assert.deepEqual(cuts(lasting(10, -120)), []);
});

test('a loud voice and then a soft one are both heard', () => {
  const found = cuts([...pause(1), ...speech(2, -10), ...pause(1), ...speech(2, -34), ...pause(1)]);
  assert.equal(found.length, 2);
});

test('a click is no piece', () => {
  assert.deepEqual(cuts([...pause(1), ...lasting(0.05, -10), ...pause(1)]), []);
});

test('who never stops is cut where it is quietest, and nothing is lost or heard twice', () => {
  const levels = [...speech(8), ...lasting(0.1, -34), ...speech(20)];
  const found = cuts(levels);
  near(found[0].to, 8.1, 'in the short stop');
  found.forEach((cut) => assert.ok(cut.to - cut.from <= 9.85, `a piece of ${cut.to - cut.from} s`));
  found.slice(1).forEach((cut, i) => assert.equal(cut.from, found[i].to));
  near(found.at(-1).to, levels.length * BLOCK_S, 'the end');
});

test('what is being said when it ends is a piece too', () => {
  assert.equal(cuts([...pause(0.5), ...speech(1)], { end: false }).length, 0);
  assert.equal(cuts([...pause(0.5), ...speech(1)]).length, 1);
});

test('what waits is said before all else', () => {
  assert.equal(standing(3, 3, true), 'behind');
  assert.equal(standing(2, 2, true), 'listening', 'one is heard, and one was just said');
  assert.equal(standing(1, 1, false), 'hearing');
  assert.equal(standing(0, 0, false), '');
});
