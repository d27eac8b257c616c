// The words that a command with a Worker and a server of its own tells at its end: those that start such a Worker, and that end the server.
import { callAs, callOn, quoted } from './invocation.js';
import { DEFAULT_STORE, type ConnectionOptionValues, type WorkOptionValues } from './options.js';

/** What is told of: the server's database, its address once it runs, and what the Worker reads and keeps. */
export interface OwnServerWords extends ConnectionOptionValues, WorkOptionValues {
  db?: string;
}

/** The words that end the server. */
export function stopCommand({ db }: Pick<OwnServerWords, 'db'>, env?: NodeJS.ProcessEnv): string {
  return callAs(['server stop', ...(db === undefined ? [] : ['--db', quoted(db)])].join(' '), env);
}

/**
 * The words that start a Worker on the same server and store, which reads the same folders.
 *
 * @param address Of the server, which a Worker finds by itself only at the default database.
 */
export function workerCommand(options: OwnServerWords, address: string, env?: NodeJS.ProcessEnv): string {
  const { store, data = [], allowHub = [], db } = options;
  const flags = [
    ...(store === DEFAULT_STORE ? [] : ['--store', quoted(store)]),
    ...(data.length === 0 ? [] : ['--data', ...data.map(quoted)]),
    ...(allowHub.length === 0 ? [] : ['--allow-hub', ...allowHub.map(quoted)]),
  ];
  return callOn(['worker', ...flags].join(' '), db === undefined ? options : { ...options, address }, env);
}
