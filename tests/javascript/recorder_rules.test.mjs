import assert from 'node:assert/strict';
import test from 'node:test';
import { rules } from './load.mjs';

const rule = rules('collect/recorder_rules.js', 'secondsLeft', 'expected', 'nextPrompt', 'afterSkipping', 'commandOf');

test('seconds are counted down to none', () => {
  assert.deepEqual([0, 1, 28_999, 29_000, 31_000].map((now) => rule.secondsLeft(29_000, now)), [29, 29, 1, 0, 0]);
});

test('prompts are counted as they are made', () => {
  assert.deepEqual(rule.expected('one\n\n  \ntwo\n', 1), { n: 2, minutes: 1 });
  assert.deepEqual(rule.expected('one\ntwo', 25), { n: 50, minutes: 5 });
  assert.equal(rule.expected(' \n', 3).n, 0);
});

test('what was refused comes again first, and a skipped second reading keeps the first', () => {
  assert.equal(rule.nextPrompt([{ state: 'saved' }, { state: 'todo' }, { state: 'todo' }]), 1);
  assert.equal(rule.nextPrompt([{ state: 'skipped' }]), -1);
  assert.deepEqual(rule.afterSkipping({ state: 'todo', replaces: null }), { state: 'skipped', replaces: null });
  assert.deepEqual(rule.afterSkipping({ state: 'todo', replaces: 7 }), { state: 'saved', replaces: null });
});

test('keys of the reader go by their place on the keyboard', () => {
  const means = (code, held = {}) => rule.commandOf({ code, ctrlKey: false, metaKey: false, altKey: false, ...held });
  assert.deepEqual(['Space', 'KeyR', 'ArrowRight', 'KeyP'].map((c) => means(c)), ['toggle', 'repeat', 'pass', 'play']);
  assert.equal(means('KeyR', { ctrlKey: true }), null, 'the browser loads the page anew by it');
  assert.equal(means('KeyA'), null);
});
