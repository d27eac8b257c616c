// The oldest Temporal server that runs are tried on. An older one is refused with its version and the remedy, before a run meets something
// that it lacks halfway. A server that does not tell its version, or tells one that is no version, is taken as it is.
import type { WorkflowService } from '@temporalio/client';

/** Oldest version of the server; what 1.32 adds (activities that run alone) is asked for where it is used. */
export const MINIMUM_SERVER_VERSION = '1.29.0';

/** A server older than {@link MINIMUM_SERVER_VERSION}. */
export class OldServerError extends Error {}

/**
 * Asks a server for its version.
 *
 * @throws OldServerError when it is older than {@link MINIMUM_SERVER_VERSION}.
 */
export async function demandServerVersion(service: Pick<WorkflowService, 'getSystemInfo'>): Promise<void> {
  const { serverVersion } = await service.getSystemInfo({}).catch(() => ({ serverVersion: undefined }));
  if (!isTooOld(serverVersion ?? '')) return;
  throw new OldServerError(
    `Temporal server: version ${MINIMUM_SERVER_VERSION} or newer is needed, got ${serverVersion}. Upgrade the server, or name another one.`,
  );
}

/** True for the version of a server that is older than {@link MINIMUM_SERVER_VERSION}; false for what is no version. */
export function isTooOld(version: string): boolean {
  const [ours, least] = [version, MINIMUM_SERVER_VERSION].map((text) =>
    /^v?(\d+)\.(\d+)\.(\d+)/.exec(text)?.slice(1).map(Number),
  );
  if (!ours || !least) return false;
  const differs = ours.findIndex((part, index) => part !== least[index]);
  return differs >= 0 && ours[differs]! < least[differs]!;
}
