import { describe, expect, it } from 'vitest';
import { demandServerVersion } from './server-version.js';

const serverOf = (serverVersion: string): Parameters<typeof demandServerVersion>[0] =>
  ({ getSystemInfo: () => Promise.resolve({ serverVersion }) }) as never;

describe('demandServerVersion', () => {
  it.each(['1.28.3', '1.9.12', 'v1.28.0', '0.30.0'])('refuses %s with the version that is needed', async (version) => {
    await expect(demandServerVersion(serverOf(version))).rejects.toThrow(
      `version 1.29.0 or newer is needed, got ${version}. Upgrade the server`,
    );
  });

  it.each(['1.29.0', '1.29.1-150.0', '1.32.0', '2.0.0', '', 'devel'])('takes "%s"', async (version) => {
    await expect(demandServerVersion(serverOf(version))).resolves.toBeUndefined();
  });

  it('takes a server that does not tell', async () => {
    const silent = { getSystemInfo: () => Promise.reject(new Error('unimplemented')) } as never;
    await expect(demandServerVersion(silent)).resolves.toBeUndefined();
  });
});
