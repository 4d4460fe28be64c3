import assert from 'node:assert/strict';
import test from 'node:test';
import { rules } from './load.mjs';

const rule = rules('collect/sound_rules.js', 'loudness', 'barAfter', 'levelWord', 'wav', 'answerKind', 'QUIET_DB', 'LOUD',
  'LOWEST_DB');

test('loudness is that of the samples', () => {
  const sine = Float32Array.from({ length: 1600 }, (_, i) => Math.sin(2 * Math.PI * i / 16));
  const { db, peak } = rule.loudness(sine);
  assert.ok(Math.abs(db - -3.01) < 0.01, `a full sine lies at -3 dB, not at ${db}`);
  assert.equal(peak, 1);
  assert.ok(rule.loudness(new Float32Array(1024)).db < rule.QUIET_DB, 'silence is quiet, and no infinity');
  assert.ok(rule.loudness(Float32Array.of(-0.99, 0)).peak > rule.LOUD, 'a trough clips too');
});

test('the bar rises at once, falls slowly, and ends at its lowest', () => {
  assert.equal(rule.barAfter(-60, -12), -12);
  assert.equal(rule.barAfter(-12, -60), -14.5);
  assert.equal(rule.barAfter(-60, -120), rule.LOWEST_DB);
});

test('too loud is told for longer than loud enough, and before it', () => {
  assert.equal(rule.levelWord(10_000, 0, 0), 'quiet');
  assert.equal(rule.levelWord(10_000, 0, 9_500), 'good', 'a pause between words is no silence');
  assert.equal(rule.levelWord(10_000, 0, 9_300), 'quiet');
  assert.equal(rule.levelWord(10_000, 8_600, 10_000), 'loud');
  assert.equal(rule.levelWord(10_000, 8_400, 10_000), 'good');
});

test('a take is a 16-bit mono WAV file', async () => {
  const file = rule.wav([Float32Array.of(0, 1), Float32Array.of(-1, 0.5, -2)], 48_000);
  const view = new DataView(await file.arrayBuffer());
  const word = (place) => String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(place + i)));
  assert.deepEqual([word(0), word(8), word(12), word(36)], ['RIFF', 'WAVE', 'fmt ', 'data']);
  assert.deepEqual([view.getUint16(22, true), view.getUint32(24, true), view.getUint16(34, true)], [1, 48_000, 16]);
  assert.deepEqual([view.byteLength, view.getUint32(4, true), view.getUint32(40, true)], [54, 46, 10]);
  const samples = [0, 1, 2, 3, 4].map((i) => view.getInt16(44 + 2 * i, true));
  assert.deepEqual(samples, [0, 32767, -32768, 16384, -32768], 'what is too loud is cut off, not wrapped around');
});

test('a take is given up only where asking again would not help', () => {
  const kind = (status, said) => rule.answerKind({ ok: status < 300, status }, said);
  assert.equal(kind(200, { id: 1 }), 'kept');
  assert.equal(kind(422, { error: 'too short' }), 'refused');
  assert.equal(kind(507, { error: 'the disk is full' }), 'later');
  assert.equal(kind(401, { error: 'sign in' }), 'later');
  assert.equal(kind(413, null), 'between', "a proxy's own page");
  assert.equal(kind(502, null), 'nothing');
  assert.equal(kind(200, null), 'nothing', 'no answer that can be read is none');
});
