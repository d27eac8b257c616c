// Long text cut for a line.
import { expect, it } from 'vitest';
import { shorten } from './shorten.js';

it('leaves a text alone that fits, and ends a longer one with an ellipsis within the length', () => {
  expect(shorten('four', 4)).toBe('four');
  expect(shorten('fives', 4)).toBe('fiv…');
});

it('leaves no half of a character', () => {
  expect(shorten('ab🦉cd', 4)).toBe('ab…');
  expect(shorten('ab🦉cd', 5)).toBe('ab🦉…');
});
