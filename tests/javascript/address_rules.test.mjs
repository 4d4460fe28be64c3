import assert from 'node:assert/strict';
import test from 'node:test';
import { rules } from './load.mjs';

const { readAddress, writeAddress, isStep, isAnotherClip, withShown, missing } = rules(
  'stages/address_rules.js', 'readAddress', 'writeAddress', 'isStep', 'isAnotherClip', 'withShown', 'missing');

test('an address is read as it was written, whatever the set is called', () => {
  for (const set of ['clinic', 'ward round & more', 'Größe=1#2', 'ᏣᎳᎩ']) {
    const at = { set, step: 'compare', run: 'run-3', clip: '12' };
    assert.deepEqual(readAddress(writeAddress(at)), at);
  }
});

test('what is no step and no clip is passed over', () => {
  const nothing = { set: '', step: '', run: '', clip: '' };
  assert.deepEqual(readAddress('#step=elsewhere&clip=1e9&evil=1'), nothing);
  assert.deepEqual(readAddress(''), nothing);
  assert.deepEqual(readAddress('#welcome'), nothing);
  assert.equal(readAddress(`#set=${'x'.repeat(999)}`).set.length, 200);
});

test('another set, stage or run is a step back, another clip is not', () => {
  const at = { set: 'a', step: 'adapt', run: 'run-1', clip: '1' };
  assert.equal(isStep(at, { ...at, step: 'compare' }), true);
  assert.equal(isStep(at, { ...at, run: 'run-2' }), true);
  assert.equal(isStep(at, { ...at, clip: '2' }), false);
  assert.equal(isStep({ ...at, run: '' }, at), false); // the first run that is shown
});

test('the list finds another clip by itself, but neither another run nor another set', () => {
  const at = { set: 'a', step: 'collect', run: 'run-1', clip: '1' };
  assert.equal(isAnotherClip(at, { ...at, clip: '2' }), true);
  assert.equal(isAnotherClip(at, { ...at, run: '', clip: '' }), true);
  assert.equal(isAnotherClip(at, { ...at, run: 'run-2' }), false);
  assert.equal(isAnotherClip(at, { ...at, set: 'b' }), false);
});

test('another set or run forgets the clip; the same one keeps it', () => {
  const at = { set: 'a', step: 'compare', run: 'run-1', clip: '7' };
  assert.equal(withShown(at, { set: 'a', run: 'run-1' }).clip, '7');
  assert.equal(withShown(at, { set: 'a', run: 'run-2' }).clip, '');
  assert.equal(withShown(at, { set: 'b', run: '' }).clip, '');
  assert.equal(withShown({ set: '', step: '', run: '', clip: '7' }, { set: 'a', run: 'run-1' }).clip, '7');
});

test('the server is asked for what it does not show', () => {
  const shown = { set: 'a', step: 'adapt', run: 'run-2', clip: '' };
  assert.equal(missing(shown, { ...shown, step: 'compare' }), null);
  assert.equal(missing(shown, { ...shown, run: '' }), null);
  assert.deepEqual(missing(shown, { ...shown, set: 'b' }), { set: 'b', run: 'run-2', clip: '' });
  assert.deepEqual(missing(shown, { ...shown, run: 'run-1' }), { set: 'a', run: 'run-1', clip: '' });
});
