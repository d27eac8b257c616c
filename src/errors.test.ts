import { expect, it } from 'vitest';
import { FinalError, isOutOfMemory, RetryableError } from './errors.js';

it.each([
  'std::bad_alloc',
  'Failed to allocate memory for requested buffer of size 4831838208',
  'Array buffer allocation failed',
  'WebAssembly.Memory(): could not allocate memory',
  'node: cannot allocate memory',
  'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
])('"%s" is a lack of memory', (message) => {
  expect(isOutOfMemory(new RangeError(message))).toBe(true);
});

it('a lack of memory is also told by its type, and nothing else is one', () => {
  expect(isOutOfMemory(new FinalError('OutOfMemory', 'too much'))).toBe(true);
  expect(isOutOfMemory(new FinalError('InvalidSpec', 'allocation failed'))).toBe(false);
  expect(isOutOfMemory(new RetryableError('NoDiskSpace', 'the disk is full'))).toBe(false);
});
