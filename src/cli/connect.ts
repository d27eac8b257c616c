// A client on the server that a command talks to, and how the command says which one that is.
import { setTimeout as sleep } from 'node:timers/promises';
import type { DataConverter } from '@temporalio/common';
import { Client, Connection } from '@temporalio/client';
import { errorMessage } from '../errors.js';
import { loadDataConverter } from '../temporal/data-converter.js';
import { demandServerVersion, OldServerError } from '../temporal/server-version.js';
import { tlsTrouble } from '../temporal/tls-reason.js';
import { describeTarget, type ConnectionTarget } from '../temporal/connection.js';
import { callAs } from './invocation.js';
import type { Output } from './output.js';

/** How long a connection may still come about against what one handshake says. */
const PATIENCE_MS = 700;

/** Options of {@link connectClient}. */
export interface ConnectClientOptions {
  /** The words that end this folder's own server; default: those for its default database. */
  stop?: string;
}

/**
 * Connects and says where to, when the user did not name the place on the command line.
 *
 * @throws Error with the remedy when the server does not answer or is too old.
 */
export async function connectClient(
  target: ConnectionTarget,
  output: Output,
  { stop = callAs('server stop') }: ConnectClientOptions = {},
): Promise<Client> {
  if (target.from === 'environment' || target.from === 'profile') {
    output.warn(`Using the Temporal server at ${describeTarget(target)}`);
  }
  const { dataConverter } = await converterOf(target);
  let connection: Connection;
  try {
    const connecting = Connection.connect({ ...target.options, connectTimeout: '5 s' });
    connection = await Promise.race([connecting, refused(target)]);
  } catch (error) {
    throw new Error(
      `no Temporal server answers at ${describeTarget(target)}: ${errorMessage(error)}\n` +
        `Start one with \`${callAs('server')}\`, or name another with --address.`,
      { cause: error },
    );
  }
  await demandServerVersion(connection.workflowService).catch((error: unknown) => {
    if (!(error instanceof OldServerError) || target.from !== 'local server') throw error;
    throw new OldServerError(`${error.message}\nIt is this folder's own: \`${stop}\` ends it, and the next start takes a newer program.`); // prettier-ignore
  });
  return new Client({ connection, namespace: target.namespace, ...(dataConverter && { dataConverter }) });
}

/** Rejects when TLS is refused and there is still no connection; gRPC would go on trying and say nothing. */
async function refused(target: ConnectionTarget): Promise<never> {
  const reason = await refusalOf(target);
  if (reason === undefined) return new Promise(() => undefined);
  await sleep(PATIENCE_MS);
  throw new Error(reason);
}

/** The data converter that a command's Client and Workers use, as an option to spread. */
export async function converterOf({ dataConverter }: ConnectionTarget): Promise<{ dataConverter?: DataConverter }> {
  return dataConverter === undefined ? {} : { dataConverter: await loadDataConverter(dataConverter) };
}

/** Why a server does not take a TLS connection, where that can be told. */
export async function refusalOf({ address, options: { tls, apiKey } }: ConnectionTarget): Promise<string | undefined> {
  if (!tls && !(apiKey !== undefined && tls === undefined)) return undefined;
  return tlsTrouble(address, tls || true).catch(() => undefined);
}
