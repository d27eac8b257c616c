// Job: a whole run through a Temporal server of its own, a Worker with the plugin and the trainer process; how long each activity took by
// the history, and how long the steps inside.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { FineTuneSpecInput } from '../../src/spec/spec.js';
import { FineTunePlugin } from '../../src/temporal/plugin.js';
import { startServer, stopServer } from '../../src/temporal/server.js';
import { serveJob } from '../job.js';
import type { Pair } from '../texts.js';

/** What is run: two epochs. */
export interface RunJob {
  folder: string;
  model: string;
  pairs: Pair[];
  batchSize: number;
}

/** Seconds of the parts of a run. */
export interface RunResult {
  serverStart: number;
  /** From the client's start to the result. */
  total: number;
  /** By activity type, one entry a call, from scheduled to completed. */
  activities: Record<string, number[]>;
  /** Gradients and updates, by epoch. */
  steps: number[];
}

Runtime.install({ logger: new DefaultLogger('ERROR') });

await serveJob<RunJob>(async ({ folder, model, pairs, batchSize }): Promise<RunResult> => {
  const set = (chosen: readonly Pair[]): string =>
    JSON.stringify({
      queries: Object.fromEntries(chosen.map(({ query }, at) => [`q${at}`, query])),
      corpus: Object.fromEntries(chosen.map(({ document }, at) => [`d${at}`, document])),
      relevant_docs: Object.fromEntries(chosen.map((_, at) => [`q${at}`, [`d${at}`]])),
      mode: 'text',
    });
  const [train, test, store] = ['run-train.json', 'run-test.json', 'run-store'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(train, set(pairs.slice(0, -8)));
  writeFileSync(test, set(pairs.slice(-8)));
  const spec: FineTuneSpecInput = {
    ...{ model, dataset: { train, test } },
    training: { epochs: 2, batchSize, maxSequenceLength: 256 },
    output: { name: 'run', directory: join(folder, 'run-out') },
  };

  const dbPath = join(folder, 'run.db');
  const start = performance.now();
  const { address } = await startServer({ dbPath });
  const serverStart = (performance.now() - start) / 1000;
  try {
    const connection = await NativeConnection.connect({ address });
    const client = new Client({ connection: await Connection.connect({ address }) });
    const plugin = new FineTunePlugin({
      ...{ store, dataFolders: [folder, model] },
      trainerPath: fileURLToPath(new URL('./timed-trainer.js', import.meta.url)),
    });
    const worker = await Worker.create({ connection, taskQueue: 'bench', plugins: [plugin] });
    const { total, activities } = await worker.runUntil(async () => {
      const began = performance.now();
      const handle = await client.workflow.start('fineTune', {
        ...{ taskQueue: 'bench', workflowId: 'bench-run', args: [spec] },
      });
      await handle.result();
      return { total: (performance.now() - began) / 1000, activities: secondsOf((await handle.fetchHistory()).events) };
    });
    await connection.close();
    const steps = JSON.parse(readFileSync(`${store}.steps.json`, 'utf8')) as number[];
    const half = steps.length / 2;
    const sum = (values: number[]): number => values.reduce((all, value) => all + value, 0) / 1000;
    return { serverStart, total, activities, steps: [sum(steps.slice(0, half)), sum(steps.slice(half))] };
  } finally {
    await stopServer(dbPath);
  }
});

type Events = NonNullable<Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>['events']>;

/** Seconds from scheduled to completed, by activity type. */
function secondsOf(events: Events | null | undefined): Record<string, number[]> {
  const seconds: Record<string, number[]> = {};
  const at = ({ eventTime }: Events[number]): number => Number(eventTime?.seconds) + (eventTime?.nanos ?? 0) / 1e9;
  const scheduled = new Map<string, { type: string; at: number }>();
  for (const event of events ?? []) {
    const { activityTaskScheduledEventAttributes: began, activityTaskCompletedEventAttributes: done } = event;
    if (began) scheduled.set(String(event.eventId), { type: began.activityType?.name ?? '', at: at(event) });
    const from = done && scheduled.get(String(done.scheduledEventId));
    if (from) (seconds[from.type] ??= []).push(at(event) - from.at);
  }
  return seconds;
}
