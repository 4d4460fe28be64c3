import assert from 'node:assert/strict';
import test from 'node:test';
import { rules } from './load.mjs';

const asked = [];
Object.assign(globalThis, {
  Audio: class { pause() {} },
  props: { words: {} },
  rows: new Map(),
  say() {},
  trigger: (name, data) => asked.push(data.id),
});
const { trimmer } = rules('label/clip_trim.js', 'trimmer');
const send = (id) => { trimmer.row = { id }; trimmer.send([0, 1]); };

test('a trim is sent once, and again only once its answer came or is lost', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  send(1);
  send(1);
  assert.deepEqual(asked, [1], 'a second press is none');
  t.mock.timers.tick(20_001);
  send(1);
  assert.deepEqual(asked, [1, 1]);
  trimmer.row = null;
  trimmer.refused({ id: 1, why: '' });
  t.mock.timers.tick(19_000);
  send(1);
  t.mock.timers.tick(2_000);
  send(1);
  assert.deepEqual(asked, [1, 1, 1], 'the timer of an older one lets go of no newer one');
});
