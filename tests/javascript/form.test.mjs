import assert from 'node:assert/strict';
import test from 'node:test';
import { alone } from './load.mjs';

const typingIn = (id) => ({ activeElement: { closest: (selector) => selector === id } });
const suggest = (offer, filled, now, document = { activeElement: null }) =>
  alone('adapt/form.js', { document })(offer, filled, ...now);
const OFFER = {
  names: ['epochs', 'batch_size'], typed: ['epochs', 'batch_size'], asked: [10, 8], values: [20, 4],
  before: { epochs: 10, batch_size: 8 }, filled: { epochs: 20, batch_size: 4 },
};

test('suggestions are put into fields that nobody has touched', () => {
  assert.deepEqual(suggest(OFFER, OFFER.before, [10, 8]), [OFFER.filled, 20, 4]);
  assert.deepEqual(suggest(OFFER, OFFER.before, ['10', 8.0]), [OFFER.filled, 20, 4], 'numbers may come as text');
});

test('what was typed after the question stays', () => {
  assert.deepEqual(suggest(OFFER, OFFER.before, [30, 8]), [{ epochs: 10, batch_size: 4 }, undefined, 4]);
});

test('a field in which somebody is typing stays', () => {
  assert.deepEqual(suggest(OFFER, OFFER.before, [10, 8], typingIn('#setting-batch-size'))[2], undefined);
});

test('a field that holds its value already is not written again', () => {
  assert.deepEqual(suggest(OFFER, OFFER.before, [20, 8]), [OFFER.filled, undefined, 4]);
});

test('a field that an answer in between filled takes the newer one', () => {
  assert.deepEqual(suggest(OFFER, { epochs: 15, batch_size: 8 }, [15, 8]), [OFFER.filled, 20, 4]);
});

test('an empty field is as good as none, and no offer changes nothing', () => {
  const offer = { ...OFFER, asked: [null, 8], before: {} };
  assert.deepEqual(suggest(offer, {}, ['', 8]), [OFFER.filled, 20, 4]);
  assert.deepEqual(suggest(null, {}, [1]), []);
});
