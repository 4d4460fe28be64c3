import assert from 'node:assert/strict';
import test from 'node:test';
import { rules } from './load.mjs';

const { GROUPS, listed, nextWrong } = rules('compare/result_rules.js', 'GROUPS', 'listed', 'nextWrong');
const clips = [[1, 2, 0], [2, 1, 1], [3, 0, 2], [4, 0, 0]].map(([id, before, after]) => ({ id, before, after }));

test('a clip may be in several groups', () => {
  const ids = (group) => clips.filter(GROUPS[group]).map((clip) => clip.id);
  assert.deepEqual([ids('all'), ids('improved'), ids('worse'), ids('wrong')], [[1, 2, 3, 4], [1], [3], [2, 3]]);
});

test('where it went wrong the worst comes first, elsewhere the order stays', () => {
  const more = [...clips, { id: 5, before: 0, after: 3 }];
  const ids = (group) => listed(more, group).map((clip) => clip.id);
  assert.deepEqual([ids('all'), ids('wrong'), ids('worse')], [[1, 2, 3, 4, 5], [5, 3, 2], [5, 3]]);
});

test('the next wrong clip is found in both directions and round the ends, the worst first', () => {
  assert.equal(nextWrong(clips, 1, 1), 3);
  assert.equal(nextWrong(clips, 3, 1), 2);
  assert.equal(nextWrong(clips, 2, 1), 3);
  assert.equal(nextWrong(clips, 1, -1), 2);
  assert.equal(nextWrong(clips, null, 1), 3);
});

test('there may be none', () => {
  assert.equal(nextWrong([], null, 1), null);
  assert.equal(nextWrong([clips[0], clips[3]], 1, 1), null);
  assert.equal(nextWrong([clips[1]], 2, 1), null);
});
