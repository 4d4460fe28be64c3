import assert from 'node:assert/strict';
import test from 'node:test';
import { rules } from './load.mjs';

const { filled, tidy, unsureWords, meeting, isSettled, pauseBefore, commandOf, stateOf } = rules(
  'label/clip_rules.js', 'filled', 'tidy', 'unsureWords', 'meeting', 'isSettled', 'pauseBefore', 'commandOf', 'stateOf');

const marked = (text, draft, unsure) => {
  const words = text.split(' ');
  return unsureWords(words, draft.split(' '), unsure).flatMap((on, i) => (on ? [words[i]] : []));
};

test('a text is tidied as the server keeps it', () => {
  assert.equal(tidy('  close\tthe \n valve '), 'close the valve');
  assert.equal(tidy('cafe\u0301'), 'caf\u00e9', 'one way to write an accent');
  assert.equal(tidy(' \n'), '');
});

test('a sentence takes its values by name', () => {
  assert.equal(filled('{a} of {b}, {a}', { a: 1, b: '{a}' }), '1 of {a}, 1');
});

test('unsure words stay marked while others are corrected', () => {
  assert.deepEqual(marked('take two now', 'take two now', [1]), ['two']);
  assert.deepEqual(marked('please take two now', 'take two now', [1]), ['two'], 'a word before it moves it');
  assert.deepEqual(marked('take too now', 'take two now', [1]), [], 'it was corrected');
  assert.deepEqual(marked('two take two', 'take two', [1]), ['two'], 'and only the one of the draft');
  assert.equal(unsureWords(['two', 'take', 'two'], ['take', 'two'], [1])[0], false);
  assert.deepEqual(unsureWords([], ['a'], [0]), []);
  assert.equal(unsureWords(new Array(900).fill('a'), ['a'], [0]).length, 900, 'long labels are marked in part');
});

test('a clip that arrives never writes over what somebody types', () => {
  const before = { text: 'a', revision: 1 }, newer = { text: 'theirs', revision: 2 };
  const field = { text: 'a', synced: 'a', sent: [], typing: false };
  assert.equal(meeting(newer, undefined, { ...field, text: '' }), 'taken', 'a new row');
  assert.equal(meeting(newer, before, field), 'taken', 'nobody has typed');
  assert.equal(meeting(newer, before, { ...field, text: 'mine' }), 'told');
  assert.equal(meeting(newer, before, { ...field, typing: true }), 'told', 'a key was pressed just now');
  assert.equal(meeting(newer, before, { ...field, sent: ['mine'] }), 'told', 'an answer is awaited');
  assert.equal(meeting({ text: 'mine', revision: 2 }, before, { ...field, text: 'mine', sent: ['mine'] }), 'own');
  assert.equal(meeting({ text: 'mine', revision: 2 }, before, { ...field, text: 'mine!', sent: ['mine'] }), 'own',
    'also where more was typed meanwhile');
  assert.equal(meeting({ text: 'mine', revision: 2 }, before, { ...field, text: 'mine' }), 'kept', 'its answer was lost');
  assert.equal(meeting(before, before, { ...field, text: 'mine' }), 'left', 'nothing has changed there');
});

test('unsaved text is dropped only when the server says that it has that text', () => {
  const owed = { text: 'close it', submit: false };
  assert.equal(isSettled(owed, 'close it', false), true);
  assert.equal(isSettled(owed, 'close', false), false, 'an older text was kept');
  assert.equal(isSettled({ ...owed, submit: true }, 'close it', false), false, 'kept, but not confirmed');
  assert.equal(isSettled({ ...owed, submit: true }, 'close it', true), true);
  assert.equal(isSettled({ text: null, submit: false }, null, true), false, 'nothing is owed');
});

test('what could not be saved is sent again, ever more rarely', () => {
  const pauses = [0, 1, 2, 3, 4, 5, 50].map(pauseBefore);
  assert.deepEqual(pauses, [...pauses].sort((a, b) => a - b));
  assert.deepEqual([pauses[0], pauses.at(-1)], [2000, 30000]);
});

const press = (key, held = {}) => ({ key, shiftKey: false, ctrlKey: false, altKey: false, metaKey: false, ...held });

test('keys mean what the dialog of keys says', () => {
  const means = (key, held, writing = true) => commandOf(press(key, held), writing);
  assert.equal(means('F8'), 'toggle');
  assert.equal(means('F2'), 'undo');
  assert.equal(means('ArrowDown', { altKey: true }), 'next');
  assert.equal(means('.', { ctrlKey: true }), 'faster');
  assert.equal(means('/', { ctrlKey: true }), 'keys');
  assert.equal(means('Enter'), 'confirm');
});

test('keys that write or that others use are left alone', () => {
  const means = (key, held, writing = true) => commandOf(press(key, held), writing);
  for (const key of ['a', '.', ',', ' ', '?', 'ArrowDown']) assert.equal(means(key), null, key);
  assert.equal(means('?', {}, false), 'keys', 'where nothing is written');
  assert.equal(means('Enter', { shiftKey: true }), null);
  assert.equal(means('Enter', {}, false), null, 'a button is pressed by it');
  assert.equal(means('/', { ctrlKey: true, altKey: true }), null, 'AltGr writes letters');
  assert.equal(means('F8', { metaKey: true }), null);
});

test('a row says what its clip is: a draft, one of another cut, or a text that somebody wrote', () => {
  const words = {
    status: { unlabelled: 'to do', drafted: 'draft' }, unsureCount: '{n} unsure', unsureNote: 'dots', noSpeech: 'nobody',
    noSpeechNote: '', edited: 'edited', editedNote: '', staleDraft: 'other cut', stale: '',
  };
  const said = (clip) => stateOf({ unsure: [], edited: false, noSpeech: false, stale: false, ...clip }, words)[0];
  assert.equal(said({ status: 'unlabelled' }), 'to do');
  assert.equal(said({ status: 'drafted', unsure: [1, 2] }), 'draft · 2 unsure');
  assert.equal(said({ status: 'drafted', unsure: [1, 2], edited: true }), 'edited');
  assert.equal(said({ status: 'drafted', unsure: [1], stale: true }), 'other cut');
  assert.equal(said({ status: 'confirmed', stale: true }), '');
});
