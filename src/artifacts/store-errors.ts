// What the operating system says of a store's folder, as the errors that are caught and told: a full disk, and a place that cannot be
// read or written. Both may pass, so both are retried; anything else is handed on as it is.
import { RetryableError } from '../errors.js';

/**
 * Does the work, with the system's errors turned into the store's.
 *
 * @throws RetryableError `NoDiskSpace` or `StoreUnavailable`.
 */
export async function withSystemErrors<T>(location: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storeError(location, error);
  }
}

/** A disk or a network share that is away, busy or not ours; too many open files. All of it may pass. */
const UNAVAILABLE = new Set([
  ...['EROFS', 'EACCES', 'EPERM', 'EIO', 'ENOENT', 'ENOTDIR', 'ESTALE'],
  ...['ETIMEDOUT', 'ENOTCONN', 'EBUSY', 'EMFILE'],
]);

/** The store's error for one of the system, or the error itself. */
export function storeError(location: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new RetryableError(
      'NoDiskSpace',
      `Store: no space left in ${location}. Free some; the run goes on by itself.`,
      { cause: error },
    );
  }
  if (code !== undefined && UNAVAILABLE.has(code)) {
    return new RetryableError('StoreUnavailable', `Store: ${location} cannot be written or read (${code}).`, {
      cause: error,
    });
  }
  return error;
}
