import { expect, it } from 'vitest';
import { joinParts } from './fit.js';

it('keeps a page of any script under twenty kilobytes, and leaves out empty parts', () => {
  expect(joinParts(['a', '', 'b'])).toBe('a\n\nb');
  expect(Buffer.byteLength(joinParts(['漢'.repeat(18_000)]))).toBeLessThanOrEqual(19_000);
});
