import assert from 'node:assert/strict';
import test from 'node:test';
import { rules } from './load.mjs';

const { Heard } = rules('kit/changes_rules.js', 'Heard');

test('the first token is news, for something may have changed before it came; the same one again is none', () => {
  const heard = new Heard();
  assert.equal(heard.take('data: a\n\n'), true);
  assert.equal(heard.take('data: a\n\n'), false);
  assert.equal(heard.take('data: b\n\n'), true);
});

test('a token may come in parts, and several at once are one change', () => {
  const heard = new Heard();
  heard.take('data: a\n\n');
  assert.equal(heard.take('data: b'), false);
  assert.equal(heard.take('c\n\n'), true);
  assert.equal(heard.take('data: d\n\ndata: e\n\n'), true);
  assert.equal(heard.take('data: e\n\n'), false);
});

test('a page that listens again has missed something only where the token is another one', () => {
  const heard = new Heard();
  heard.take('data: a\n\ndata: hal');
  heard.begin();
  assert.equal(heard.take('data: a\n\n'), false);
  heard.begin();
  assert.equal(heard.take('data: b\n\n'), true);
});
