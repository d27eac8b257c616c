// Options that several commands share, with one meaning and one default each.
import { resolve } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { DEFAULT_TASK_QUEUE } from '../temporal/defaults.js';
import type { ConnectionFlags } from '../temporal/connection.js';
import type { WorkerSettings } from '../../activities/worker-settings.js';

/** Folder of checkpoints and prepared data, unless another is named. */
export const DEFAULT_STORE = '.finetune';

/** Options of every command that talks to a server. */
export interface ConnectionOptionValues extends ConnectionFlags {
  taskQueue: string;
}

/** Options of every command that reads data or keeps artifacts. */
export interface WorkOptionValues {
  store: string;
  data?: string[];
  allowHub?: string[];
  reportEvery?: number;
  threads?: number;
}

/** Options of every command. */
export interface CommonOptionValues {
  json?: boolean;
  verbose?: boolean;
}

/** `--json` and `--verbose`. */
export function withCommon(command: Command): Command {
  return command
    .option('--json', 'print one JSON object as the last line of standard output')
    .option('--verbose', 'show stacks and the log of the Worker');
}

/** `--address`, `--namespace`, `--profile`, TLS, API key, data converter and `--task-queue`. */
export function withConnection(command: Command): Command {
  return command
    .option('--address <host:port>', 'Temporal server; default: TEMPORAL_ADDRESS, else the server of this folder')
    .option('--namespace <name>', 'namespace; default: TEMPORAL_NAMESPACE, else "default"')
    .option('--profile <name>', 'profile of the Temporal configuration file (temporal.toml)')
    .option('--tls', 'TLS, with the certificates that this machine trusts')
    .option('--tls-cert <file>', "PEM file of the client's certificate; default: TEMPORAL_TLS_CLIENT_CERT_PATH")
    .option('--tls-key <file>', 'PEM file of its key; default: TEMPORAL_TLS_CLIENT_KEY_PATH')
    .option(
      '--tls-ca <file>',
      "PEM file of the authority of the server's certificate; default: TEMPORAL_TLS_SERVER_CA_CERT_PATH",
    )
    .option('--tls-server-name <name>', "name in the server's certificate; default: the address's")
    .option('--api-key-env <variable>', 'variable that holds the API key; default: TEMPORAL_API_KEY')
    .option('--data-converter <module>', 'module that exports `dataConverter`, e.g. one that encrypts payloads')
    .addOption(new Option('--task-queue <name>', 'queue of the workflow').default(DEFAULT_TASK_QUEUE));
}

/** `--store`, `--data`, `--allow-hub` and `--threads`. */
export function withWork(command: Command): Command {
  return command
    .addOption(new Option('--store <dir>', 'folder of checkpoints and prepared data').default(DEFAULT_STORE))
    .option('--data <dir...>', 'folders that may be read and written; default: the working directory and its parent')
    .option(
      '--allow-hub <name...>',
      'owners ("acme") and repositories ("acme/faq") of the Hub that runs may read, also with HF_TOKEN; "*": any public one, without it (default)',
    )
    .option(
      '--report-every <seconds>',
      "seconds between two updates of a run's page while it trains, at least; 0 = never; default: 60",
      secondsOrNever,
    )
    .option(
      '--threads <n>',
      'threads of the trainer; default: one a core that this process may use, and no more than its container may',
      positiveInteger,
    );
}

/** Settings of a Worker from the options; the Hub's address and token are those of the environment (`HF_ENDPOINT`, `HF_TOKEN`). */
export function workerSettings({ store, data, allowHub, reportEvery, threads }: WorkOptionValues): WorkerSettings {
  return {
    store: resolve(store),
    dataFolders: (data ?? ['.', '..']).map((folder) => resolve(folder)),
    ...(threads !== undefined && { threads }),
    ...(allowHub && { allowedSources: { hub: allowHub } }),
    ...(reportEvery !== undefined && { reportEverySeconds: reportEvery }),
  };
}

/** Parses a whole number above 0. */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError(`a whole number above 0 is needed, got "${text}".`);
  return value;
}

/** Parses a number of seconds; 0 stands for never. */
function secondsOrNever(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError(`a number of seconds, or 0 for never, is needed, got "${text}".`);
  return value;
}

/** Parses a port. */
export function portNumber(text: string): number {
  const value = positiveInteger(text);
  if (value > 65_535) throw new InvalidArgumentError(`a port of at most 65535 is needed, got "${text}".`);
  return value;
}
