import assert from 'node:assert/strict';
import test from 'node:test';
import { rules, speaking } from './load.mjs';

const { number } = rules('kit/numbers_rules.js', 'number');

test('numbers have the decimals that are asked for, two at most otherwise', () => {
  assert.deepEqual([number(1234), number(0.126), number(2, 2), number(12.345, 1, 1)], ['1,234', '0.13', '2.00', '12.3']);
});

test('numbers are written as the language of the page does', () => {
  speaking('de', () => assert.deepEqual([number(12345.5), number(2, 2)], ['12.345,5', '2,00']));
});
