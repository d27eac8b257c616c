// Namespaces of a development server that runs already; those that it is started with it makes itself (server.ts).
import { Connection, isGrpcServiceError, type WorkflowService } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { DEFAULT_TASK_QUEUE } from './defaults.js';

/** Of closed runs, as the server keeps them in the namespaces that it makes itself. */
const RETENTION = msToTs('1 day');
const LIMIT_MS = 30_000;
/** gRPC's status code. */
const NOT_FOUND: number = 5;

/**
 * Creates the namespaces that the server does not have, and waits until runs can be started in them.
 *
 * @throws Error when one cannot be made, or is not there after half a minute.
 */
export async function addNamespaces(address: string, namespaces: readonly string[]): Promise<void> {
  if (namespaces.length === 0) return;
  const connection = await Connection.connect({ address, connectTimeout: '2 s' });
  try {
    for (const namespace of namespaces) await addNamespace(connection.workflowService, namespace);
  } finally {
    await connection.close();
  }
}

async function addNamespace(service: WorkflowService, namespace: string): Promise<void> {
  const isThere = await service.describeNamespace({ namespace }).then(
    () => true,
    (error: unknown) => {
      if (isGrpcServiceError(error) && Number(error.code) === NOT_FOUND) return false;
      throw error;
    },
  );
  if (isThere) return;
  await service.registerNamespace({ namespace, workflowExecutionRetentionPeriod: RETENTION });
  // The server's parts hear of it one after the other.
  for (const end = Date.now() + LIMIT_MS; ;) {
    try {
      await service.countWorkflowExecutions({ namespace });
      await service.describeTaskQueue({ namespace, taskQueue: { name: DEFAULT_TASK_QUEUE }, taskQueueType: 1 });
      return;
    } catch (error) {
      if (Date.now() > end)
        throw new Error(`server: the namespace ${namespace} was made, but cannot be used yet`, { cause: error });
      await new Promise((wake) => setTimeout(wake, 200));
    }
  }
}
