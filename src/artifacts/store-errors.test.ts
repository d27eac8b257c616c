// The system's errors at the store: what may pass is told as such and tried again without end; anything else stays what it is.
import { describe, expect, it } from 'vitest';
import { storeError, withSystemErrors } from './store-errors.js';

const systemError = (code: string): Error => Object.assign(new Error(`${code}: at the disk`), { code });

describe('an error of the system at the store', () => {
  it.each([
    ['ENOSPC', 'NoDiskSpace'],
    ['EDQUOT', 'NoDiskSpace'],
    ['EIO', 'StoreUnavailable'],
    ['ESTALE', 'StoreUnavailable'],
    ['ETIMEDOUT', 'StoreUnavailable'],
    ['ENOTCONN', 'StoreUnavailable'],
    ['EBUSY', 'StoreUnavailable'],
    ['EMFILE', 'StoreUnavailable'],
  ])('%s is told as %s, with the place and what it came from', async (code, type) => {
    const cause = systemError(code);
    const failing = withSystemErrors('/srv/store', () => Promise.reject(cause));
    await expect(failing).rejects.toMatchObject({
      type,
      cause,
      message: expect.stringContaining('/srv/store') as string,
    });
  });

  it('of another kind, and what is none, stays as it is', () => {
    for (const error of [systemError('EINVAL'), new Error('a bug'), undefined]) {
      expect(storeError('/srv/store', error)).toBe(error);
    }
  });
});
