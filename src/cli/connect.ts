// A client on the server that a command talks to, and how the command says which one that is.
import { Client, Connection } from '@temporalio/client';
import { errorMessage } from '../errors.js';
import { describeTarget, type ConnectionTarget } from '../temporal/connection.js';
import { callAs } from './invocation.js';
import type { Output } from './output.js';

/**
 * Connects and says where to, when the user did not name the place on the command line.
 *
 * @throws Error with the remedy when the server does not answer.
 */
export async function connectClient(target: ConnectionTarget, output: Output): Promise<Client> {
  if (target.from === 'environment' || target.from === 'profile') {
    output.warn(`Using the Temporal server at ${describeTarget(target)}`);
  }
  try {
    const connection = await Connection.connect({ ...target.options, connectTimeout: '5 s' });
    return new Client({ connection, namespace: target.namespace });
  } catch (error) {
    throw new Error(
      `no Temporal server answers at ${describeTarget(target)}: ${errorMessage(error)}\n` +
        `Start one with \`${callAs('server')}\`, or name another with --address.`,
      { cause: error },
    );
  }
}
