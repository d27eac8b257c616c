// Job: one whole training of one epoch, as a run makes it: model into memory, token ids, plan, every step, the checkpoint at its end. The base
// model and the pairs are in the store before the clock starts.
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { openLocalStore } from '../../src/artifacts/local-store.js';
import type { StageContext } from '../../src/artifacts/stage-context.js';
import type { ArtifactStore } from '../../src/artifacts/store.js';
import { fetchBaseModel } from '../../src/models/base-model.js';
import { pinModel } from '../../src/sources/pin.js';
import { parseSpec } from '../../src/spec/parse.js';
import type { FineTuneSpecInput } from '../../src/spec/spec.js';
import type { ArtifactRef } from '../../src/spec/stages.js';
import { createEngines } from '../../src/trainer/engines.js';
import { trainEpoch } from '../../src/training/epoch.js';
import { describeMachine } from '../../src/training/numerics.js';
import { planTraining } from '../../src/training/plan.js';
import { now, threads } from '../clock.js';
import { serveJob } from '../job.js';
import { median } from '../row.js';
import type { Pair } from '../texts.js';

/** What is trained, and with which settings. */
export interface TrainJob {
  folder: string;
  model: string;
  pairs: Pair[];
  training: NonNullable<FineTuneSpecInput['training']>;
}

/** How long it took. */
export interface TrainResult {
  seconds: number;
  pairsPerSecond: number;
  /** Of the steps alone: by their median. */
  steadyPairsPerSecond: number;
  lastLoss: number;
}

await serveJob<TrainJob>(async ({ folder, model: source, pairs, training }): Promise<TrainResult> => {
  const store = await openLocalStore({ folder: await mkdtemp(join(folder, 'store-')), create: true });
  const stepEnds: number[] = [];
  let lastLoss = NaN;
  const context: StageContext = {
    store,
    signal: new AbortController().signal,
    warn: () => undefined,
    progress: ({ stage, loss = NaN }) => {
      if (stage !== 'train') return;
      stepEnds.push(now());
      lastLoss = loss;
    },
  };
  const spec = parseSpec({ model: { source }, dataset: 'pairs', training: { ...training, epochs: 1 } });
  const settings = { dataFolders: [source] };
  const { kind, key } = await fetchBaseModel({ pin: await pinModel(spec.model, settings, context) }, settings, context);
  const model = { kind, key };
  const retrieval = await putPairs(store, pairs);

  const start = now();
  const engines = createEngines({ threads });
  const plan = await planTraining({ storeId: store.id, model, retrieval, spec }, context);
  await trainEpoch(
    {
      ...{ storeId: store.id, model, tokens: plan.tokens, plan: plan.plan, lineage: plan.lineage },
      ...{ training: spec.training, epoch: 1 },
    },
    { ...context, engines, machine: describeMachine(threads) },
  );
  const seconds = (now() - start) / 1000;
  const steps = stepEnds.slice(1).map((end, at) => (end - stepEnds[at]!) / 1000);
  return {
    seconds,
    pairsPerSecond: (plan.totalSteps * spec.training.batchSize) / seconds,
    steadyPairsPerSecond: spec.training.batchSize / median(steps),
    lastLoss,
  };
});

/** The pairs as a prepared dataset, with a test part of one. */
async function putPairs(store: ArtifactStore, pairs: readonly Pair[]): Promise<ArtifactRef> {
  const set = (chosen: readonly Pair[]): object => ({
    queries: Object.fromEntries(chosen.map(({ query }, at) => [`q${at}`, query])),
    corpus: Object.fromEntries(chosen.map(({ document }, at) => [`d${at}`, document])),
    relevant_docs: Object.fromEntries(chosen.map((_, at) => [`q${at}`, [`d${at}`]])),
    mode: 'text',
  });
  const put = (json: object) => store.putBytes(Buffer.from(JSON.stringify(json)));
  const blobs = { 'train.json': await put(set(pairs)), 'test.json': await put(set(pairs.slice(0, 1))) };
  await store.createRecord('retrieval', 'bench', { blobs, facts: {} });
  return { kind: 'retrieval', key: 'bench' };
}
