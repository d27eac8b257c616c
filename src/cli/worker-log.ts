// Where the Worker's own log goes: to a file beside the store, or to standard error with --verbose. Secrets are taken out of it.
// Ctrl-C is ours to handle.
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { format } from 'node:util';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { redact } from '../trainer/redact.js';

/** Options of {@link installWorkerLog}. */
export interface WorkerLogOptions {
  verbose?: boolean | undefined;
  /** Folder of `worker.log`; default: standard error only. */
  folder?: string;
  /** `host:port` where Prometheus may ask for the SDK's metrics and training's own; default: nowhere. */
  metricsAddress?: string | undefined;
}

/** Sets the SDK's logger and metrics and leaves signals to the command; once a process, before anything connects. */
export async function installWorkerLog({ verbose = false, folder, metricsAddress }: WorkerLogOptions): Promise<void> {
  let write = (line: string): void => void process.stderr.write(line);
  if (!verbose && folder !== undefined) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = createWriteStream(join(folder, 'worker.log'), { flags: 'a', mode: 0o600 });
    // A full disk must not end the command; it is told by the store itself.
    file.on('error', () => undefined);
    write = (line) => void file.write(line);
  }
  const logger = new DefaultLogger('INFO', ({ level, timestampNanos, message, meta }) => {
    // The bundler's own listing of modules says nothing to who runs a Worker.
    if (!verbose && message.startsWith('asset workflow-bundle')) return;
    const time = new Date(Number(timestampNanos / 1_000_000n)).toISOString();
    write(redact(`${format('%s %s %s', time, level, message)}${meta ? ` ${brief(meta)}` : ''}\n`));
  });
  Runtime.install({
    logger,
    shutdownSignals: [],
    telemetryOptions: {
      logging: { forward: {}, filter: 'WARN' },
      ...(metricsAddress !== undefined && { metrics: { prometheus: { bindAddress: metricsAddress } } }),
    },
  });
}

function brief(meta: Record<string | symbol, unknown>): string {
  const { error, ...rest } = meta;
  const text = JSON.stringify(rest, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  return error instanceof Error ? `${text} ${error.stack ?? error.message}` : text;
}
