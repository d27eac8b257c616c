// The typed client against a development server and a stand-in for the workflow.
import { fileURLToPath } from 'node:url';
import { Client, WorkflowNotFoundError } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  defaultWorkflowId,
  FINE_TUNE_WORKFLOW,
  followFineTune,
  startChain,
  startFineTune,
  startSweep,
} from '../src/client.js';
import type { ChainSpecInput, FineTuneSpecInput, SweepSpecInput, WorkflowRun } from '../src/client.js';
import { startTestServer } from './support/server.js';

const taskQueue = 'client-test';
let server: TestWorkflowEnvironment;
let worker: Worker;
let running: Promise<void>;
let inputs = 'the inputs';

beforeAll(async () => {
  server = await startTestServer();
  worker = await Worker.create({
    connection: server.nativeConnection,
    taskQueue,
    workflowsPath: fileURLToPath(new URL('./support/fine-tune-stand-in.ts', import.meta.url)),
    activities: { pinInputs: () => Promise.resolve({ inputsSha256: inputs }) },
  });
  running = worker.run();
});
afterAll(async () => {
  worker.shutdown();
  await running;
  await server.teardown();
});

const specNamed = (name: string): FineTuneSpecInput => ({ model: 'owner/m', dataset: 'owner/d', output: { name } });

describe('startFineTune', () => {
  it('gives the run an id of the output name and the hash of the parsed spec', async () => {
    const spec = specNamed('tiny');
    expect(defaultWorkflowId(spec)).toMatch(/^tiny-[0-9a-f]{10}$/);
    expect(defaultWorkflowId({ ...spec, training: { epochs: 3 } })).toBe(defaultWorkflowId(spec));
    expect(defaultWorkflowId({ ...spec, training: { epochs: 4 } })).not.toBe(defaultWorkflowId(spec));
    expect((await startFineTune(server.client, spec, { taskQueue })).workflowId).toBe(defaultWorkflowId(spec));
  });

  it('joins a run that is under way', async () => {
    const spec = specNamed('waiting');
    const first = await startFineTune(server.client, spec, { taskQueue });
    const second = await startFineTune(server.client, spec, { taskQueue });
    expect([first.outcome, second.outcome]).toEqual(['started', 'joined']);
    expect(second.runId).toBe(first.runId);
    await server.client.workflow.getHandle(first.workflowId).terminate();
  });

  it('finds a complete run while its inputs are the same, and starts anew under the same id once they changed', async () => {
    const spec = specNamed('complete');
    const first = await startFineTune(server.client, spec, { taskQueue });
    await first.result();
    const same = await startFineTune(server.client, spec, { taskQueue });
    expect(same).toMatchObject({ outcome: 'finished', runId: first.runId });
    expect((await same.result()).report).toBe(first.runId);

    inputs = 'other inputs';
    const anew = await startFineTune(server.client, spec, { taskQueue });
    inputs = 'the inputs';
    expect(anew).toMatchObject({ outcome: 'started', workflowId: first.workflowId });
    expect(anew.runId).not.toBe(first.runId);
    expect((await anew.result()).report).toBe(anew.runId);
  });

  it('starts anew under a fixed id when the output has another name or place', async () => {
    const at = (output: FineTuneSpecInput['output']): ReturnType<typeof startFineTune> =>
      startFineTune(server.client, { ...specNamed('fixed'), output }, { taskQueue, workflowId: 'fixed' });
    const outcomes: string[] = [];
    for (const output of [{ name: 'a' }, { name: 'a' }, { name: 'b' }, { name: 'b', directory: 'elsewhere' }]) {
      const run = await at(output);
      await run.result();
      outcomes.push(run.outcome);
    }
    expect(outcomes).toEqual(['started', 'finished', 'started', 'started']);
  });

  it('starts a failed run anew under the same id', async () => {
    const spec = specNamed('failing');
    const first = await startFineTune(server.client, spec, { taskQueue });
    await expect(first.result()).rejects.toMatchObject({ cause: { type: 'InvalidData' } });
    const second = await startFineTune(server.client, spec, { taskQueue });
    expect(second).toMatchObject({ outcome: 'started', workflowId: first.workflowId });
    await expect(second.result()).rejects.toThrow();
  });

  it('passes on what a start may say of the workflow, under the types of the plain client as well', async () => {
    const options = {
      workflowExecutionTimeout: '5 min',
      memo: { team: 'search' },
      priority: { priorityKey: 4 },
    } as const;
    const run = await startFineTune(server.client, specNamed('timed'), { taskQueue, options });
    const { raw, memo } = await server.client.workflow.getHandle(run.workflowId).describe();
    expect(Number(raw.executionConfig?.workflowExecutionTimeout?.seconds)).toBe(300);
    expect(memo).toMatchObject({ team: 'search' });
    const plain = await server.client.workflow.start(FINE_TUNE_WORKFLOW, {
      ...{ taskQueue, workflowId: 'plainly', args: [specNamed('plain')] },
    });
    expect(await plain.result()).toMatchObject({ inputsSha256: 'the inputs' });
  });

  it('refuses an id under which a workflow of another type runs, also when that was faster', async () => {
    const theirs = await server.client.workflow.start('processTicket', { taskQueue: 'team', workflowId: 'ticket-7' });
    const start = (client: Client): ReturnType<typeof startFineTune> =>
      startFineTune(client, specNamed('ticket'), { taskQueue, workflowId: 'ticket-7' });
    const refusal = {
      type: 'InvalidSpec',
      message: expect.stringMatching(
        /^workflowId: .*got "ticket-7", which a "processTicket" has.*\. Give another/,
      ) as string,
    };
    await expect(start(server.client)).rejects.toMatchObject(refusal);
    let asked = 0;
    const late = new Client({
      connection: server.connection,
      interceptors: {
        workflow: [
          {
            describe: (input, next) =>
              ++asked === 1 ? Promise.reject(new WorkflowNotFoundError('not yet', 'ticket-7', undefined)) : next(input),
          },
        ],
      },
    });
    await expect(start(late)).rejects.toMatchObject(refusal);
    expect(asked).toBe(2);
    await theirs.terminate();
    const own = await start(server.client);
    expect(own.outcome).toBe('started');
    await own.result();
  });

  it('takes no complete workflow of another type for its own', async () => {
    const workflowId = 'a-sweep-before';
    await server.client.workflow.execute('sweep', { taskQueue, workflowId, args: [specNamed('before')] });
    const isCurrent = (): Promise<boolean> => Promise.resolve(true);
    const run = await startFineTune(server.client, specNamed('before'), { taskQueue, workflowId, isCurrent });
    expect(run.outcome).toBe('started');
    await run.result();
  });

  it('sends nothing when the spec is wrong', async () => {
    await expect(
      startFineTune(server.client, { model: 'm' } as FineTuneSpecInput, { taskQueue }),
    ).rejects.toMatchObject({
      type: 'InvalidSpec',
    });
  });
});

describe('startSweep and startChain', () => {
  async function outcomeOf(run: Promise<WorkflowRun<unknown>>): Promise<string> {
    await (await run).result();
    return (await run).outcome;
  }

  it('find a complete sweep under a fixed id until its settings, its rounds or its output change', async () => {
    const base = { model: 'owner/m', dataset: 'owner/d' };
    const once: SweepSpecInput = { base, settings: { learningRate: [1e-5, 2e-5] } };
    const other: SweepSpecInput = { base, settings: { learningRate: [1e-5, 3e-5] } };
    const specs = [
      ...[once, once, { ...once, parallel: 3 }],
      ...[other, { ...other, halving: false as const }, { ...once, base: { ...base, output: { directory: 'there' } } }],
    ];
    const outcomes: string[] = [];
    for (const spec of specs)
      outcomes.push(await outcomeOf(startSweep(server.client, spec, { taskQueue, workflowId: 'swept' })));
    expect(outcomes).toEqual(['started', 'finished', 'finished', 'started', 'started', 'started']);
  });

  it('find a complete chain under a fixed id until its steps or its output change', async () => {
    const base = { model: 'owner/m' };
    const steps = [{ dataset: 'owner/d' }, { dataset: 'owner/e' }];
    const specs: ChainSpecInput[] = [
      ...[
        { base, steps },
        { base, steps },
        { base, steps: [{ ...steps[0]!, name: 'first' }, steps[1]!] },
      ],
      { base: { ...base, output: { name: 'tower' } }, steps },
    ];
    const outcomes: string[] = [];
    for (const spec of specs)
      outcomes.push(await outcomeOf(startChain(server.client, spec, { taskQueue, workflowId: 'chained' })));
    expect(outcomes).toEqual(['started', 'finished', 'started', 'started']);
  });
});

describe('followFineTune', () => {
  it('says that there is no such run', async () => {
    await expect(followFineTune(server.client, 'nobody')).rejects.toThrow(/not found/i);
  });
});
