// The stages before training: pinned inputs, files, pairs, split, corpus, token ids and the plan. Each finds its result when the same
// inputs were prepared before, by this run or by another.
import { FinalError } from '../src/errors.js';
import { datasetName, modelName, outputName } from '../src/spec/names.js';
import { isReadyDataset, type FineTuneSpec } from '../src/spec/spec.js';
import { randomPart } from '../src/spec/random-model.js';
import type {
  CorpusResult,
  DatasetPin,
  ModelPin,
  PinInput,
  PinResult,
  PlanInput,
  PlanResult,
  SplitResult,
  TransformResult,
} from '../src/spec/preparation-stages.js';
import type { ArtifactRef } from '../src/spec/stages.js';
import type { Run } from './run.js';
import { tagRun } from './search-attributes.js';

/** All that training, evaluation and publishing need of the stages before them. */
export interface Prepared {
  pins: PinResult;
  model: ArtifactRef;
  /** The dataset's files as they came. */
  snapshot: ArtifactRef;
  corpus: CorpusResult;
  plan: PlanResult;
  /** Absent for ready files. */
  transform?: TransformResult;
  split?: SplitResult;
}

/** Fixes revisions and takes local files into the store; what a workflow before this one has fixed stays. */
export async function pin(run: Run, spec: FineTuneSpec, fixed?: PinInput['pins']): Promise<PinResult> {
  const pins = await run.stage('pin', 'pinInputs', 'pin-inputs', 'Fix revisions, take local files into the store', {
    spec,
    mayCreateStore: true,
    ...(fixed && { pins: fixed }),
  });
  run.useWorker(pins);
  run.state.about = [`model ${describePin(pins.model)}`, `dataset ${describePin(pins.dataset)}`];
  tagRun(pins, {
    FinetuneModel: modelName(spec.model),
    FinetuneDataset: datasetName(spec.dataset),
    FinetuneOutput: outputName(spec),
  });
  const { progress } = run.state;
  if (pins.outputDirectory !== undefined) {
    progress.report = `${pins.outputDirectory}/data/embeddings/${progress.name}/report.html`;
  }
  return pins;
}

/**
 * Takes local files into the store again after they were lost there.
 *
 * @throws FinalError `InvalidData` when they are no longer the ones that the run began with.
 */
export async function pinAgain(run: Run, spec: FineTuneSpec, pins: PinResult): Promise<void> {
  const { model, dataset } = pins;
  if (model.type === 'hub' && dataset.type === 'hub') return;
  const again = await run.stage('pin', 'pinInputs', 'pin-inputs', 'Take local files into the store again', {
    spec: {
      ...spec,
      model: model.type === 'hub' && 'source' in spec.model ? { ...spec.model, revision: model.commit } : spec.model,
      dataset:
        dataset.type === 'hub' && !isReadyDataset(spec.dataset)
          ? { ...spec.dataset, revision: dataset.commit }
          : spec.dataset,
    },
    mayCreateStore: false,
  });
  for (const [field, before, now] of [
    ['model', model, again.model],
    ['dataset', dataset, again.dataset],
  ] as const) {
    if (before.type !== 'hub' && (now.type === 'hub' || now.snapshot.key !== before.snapshot.key)) {
      throw new FinalError(
        'InvalidData',
        `${field}: the files that the run began with are needed again, got others under the same path (${before.label}). Bring them back, or start a new run.`,
      );
    }
  }
}

/** Runs the stages from download to plan. */
export async function prepare(run: Run, spec: FineTuneSpec, pins: PinResult): Promise<Prepared> {
  const { storeId } = pins;
  const { training } = spec;
  const model = await run.stage('download', 'downloadModel', 'download-model', describePin(pins.model), {
    storeId,
    pin: pins.model,
    ...randomPart(spec.model),
  });
  const { corpus, snapshot, ...pairs } = await prepareData(run, spec, pins);
  const planInput: PlanInput = {
    storeId,
    model: model.artifact,
    retrieval: corpus.artifact,
    madeFrom: [
      snapshot,
      ...(pairs.transform ? [pairs.transform.artifact] : []),
      ...(pairs.split ? [pairs.split.artifact] : []),
    ],
    spec: { prompts: spec.prompts, training },
    modelName: modelName(spec.model),
  };
  const plan = await run.trainerStage(
    'tokenize',
    'planTraining',
    'plan-training',
    'Token ids, batches of every epoch',
    planInput,
    // The tried step may have been what was too much; training, where the micro-batch is halved, is still to come.
    { ...planInput, memoryRanOut: true },
  );
  Object.assign(run.state.progress, {
    pairs: plan.pairs,
    totalSteps: plan.totalSteps,
    estimatedSeconds: plan.estimate.seconds,
  });
  return { pins, model: model.artifact, snapshot, corpus, plan, ...pairs };
}

/** Runs the stages of the data alone, from download to corpus. */
export async function prepareData(
  run: Run,
  spec: FineTuneSpec,
  { storeId, dataset: pinned }: Pick<PinResult, 'storeId' | 'dataset'>,
): Promise<Pick<Prepared, 'corpus' | 'snapshot' | 'transform' | 'split'>> {
  const { dataset, training } = spec;
  const files = await run.stage('download', 'downloadDataset', 'download-dataset', describePin(pinned), {
    storeId,
    pin: pinned,
    dataset,
  });
  const pairs = isReadyDataset(dataset) ? undefined : await pairsOf(run, spec, storeId, files.artifact);
  const corpus = await run.stage(
    'corpus',
    'buildCorpus',
    'build-corpus',
    'Questions, documents and what belongs together',
    {
      storeId,
      from: pairs?.split.artifact ?? files.artifact,
      dataset,
      keep: training.keep,
    },
  );
  return { corpus, snapshot: files.artifact, ...pairs };
}

async function pairsOf(
  run: Run,
  { dataset, training }: FineTuneSpec,
  storeId: string,
  snapshot: ArtifactRef,
): Promise<{ transform: TransformResult; split: SplitResult }> {
  const transform = await run.stage(
    'transform',
    'transformPairs',
    'transform-pairs',
    'Columns to question and answer',
    {
      storeId,
      snapshot,
      dataset,
    },
  );
  const split = await run.stage('split', 'splitPairs', 'split-pairs', 'No answer on both sides', {
    storeId,
    pairs: transform.artifact,
    dataset,
    keep: training.keep,
  });
  return { transform, split };
}

/** Where an input came from, in a line. */
export function describePin(pinned: ModelPin | DatasetPin): string {
  return pinned.type === 'hub' ? `${pinned.id} at ${pinned.commit.slice(0, 12)}` : `${pinned.label} (${pinned.type})`;
}
