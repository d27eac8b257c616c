// Collects what a report shows from the stages' results and the artifacts that they point to.
import { readArtifact } from '../artifacts/artifact.js';
import type { ArtifactStore } from '../artifacts/store.js';
import { readRetrievalSet, type RetrievalSet } from '../dataset/retrieval-set.js';
import { readDetails } from '../evaluation/details.js';
import { compareEvaluations } from '../evaluation/verdict.js';
import { isReadyDataset } from '../spec/spec.js';
import { outputName } from '../spec/names.js';
import type { Verdict } from '../spec/evaluation-stages.js';
import type { PublishInput } from '../spec/publishing-stages.js';
import type { Part } from '../spec/stages.js';
import type { TokensFacts } from '../text/tokenize.js';
import { findCheckpoint } from '../training/checkpoint.js';
import type { EpochHistory } from '../training/loss-history.js';
import { countCutAnswers, type CutAnswers } from './cut-answers.js';
import { dataFacts, machineFacts, settingsFacts } from './facts.js';
import { questionChanges } from './question-changes.js';
import type { LoadSnippet, LossPoint, ReportData } from './report-data.js';
import { wordMatching } from './word-matching.js';

/** Surroundings of {@link collectReportData}. */
export interface CollectContext {
  store: ArtifactStore;
  signal?: AbortSignal;
  /** Called now and then with what is going on. */
  onProgress?: (note: string) => void;
  /** Loss history by epoch, in order. */
  history: readonly EpochHistory[];
  /** Default: computed from the two evaluations. */
  verdict?: Verdict;
  /** Lines that load the model, shown as they are. */
  load?: readonly LoadSnippet[];
  /** Prompt before passages, and whether texts are lower-cased: what the tokenizer saw. */
  passagePrompt?: string;
  lowerCase?: boolean;
  /** When the report was made, ISO 8601; left out, the same run always gives the same report. */
  madeAt?: string;
}

/**
 * Everything that {@link renderReport} draws about a run.
 *
 * @throws DamagedError when an artifact is no longer there
 */
export async function collectReportData(input: PublishInput, context: CollectContext): Promise<ReportData> {
  const { store, signal, onProgress, history, load = [], madeAt } = context;
  const { spec, before, after, epochs, published } = input;
  const set = await readTestSet(store, input);
  const [questions, documents] = [Object.values(set.queries), Object.values(set.corpus)];
  const [old, now] = [await readDetails(store, before.artifact), await readDetails(store, after.artifact)];
  const { maxSequenceLength } = (await readArtifact<TokensFacts>(store, input.tokens)).facts;
  const manifest = await findCheckpoint(store, published.checkpoint);
  return {
    name: outputName(spec),
    baseModel: sourceName(input.pins.model),
    dataset: sourceName(input.pins.dataset),
    ...(madeAt !== undefined && { madeAt }),
    verdict: context.verdict ?? (await compareEvaluations(old, now)),
    topK: spec.evaluation.topK,
    test: {
      questions: now.queries.length,
      documents: documents.length,
      answers: new Set(now.queries.map(({ answer }) => answer)).size,
    },
    metrics: { before: before.metrics, after: after.metrics },
    ...(await wordMatching(set, { topK: spec.evaluation.topK, onProgress, signal })),
    epochs: epochs.map(({ epoch, meanLoss, test, validation }) => ({
      epoch,
      meanLoss,
      ...(test && { test: test.metrics }),
      ...(validation && { validation: validation.metrics }),
    })),
    publishedEpoch: published.epoch,
    keep: spec.training.keep,
    losses: history.flatMap(lossPoints),
    scores: { before: old.scores, after: now.scores },
    ...questionChanges(old, now, questions, documents),
    data: dataFacts(input, { maxSequenceLength, cutAnswers: await cutAnswers(input, context, maxSequenceLength) }),
    settings: settingsFacts(input),
    machine: machineFacts(input, manifest?.about),
    training: input.training,
    warnings: [...new Set(input.warnings)],
    load: load.map(({ program, code }) => ({ program, code })),
  };
}

/** A Hub id, or the last part of a path: a report does not tell where on a disk things lay. */
function sourceName(pin: PublishInput['pins']['model'] | PublishInput['pins']['dataset']): string {
  return pin.type === 'hub' ? pin.id : pin.label;
}

async function readTestSet(store: ArtifactStore, { retrieval }: PublishInput): Promise<RetrievalSet> {
  const blob = (await readArtifact(store, retrieval)).blobs['test.json'];
  if (!blob) throw new Error(`report: the retrieval set ${retrieval.key} needs a test part`);
  return readRetrievalSet(await store.blobPath(blob), 'test.json');
}

function lossPoints({ epoch, steps }: EpochHistory): LossPoint[] {
  return steps.map(({ step, loss, learningRate, gradientNorm }) => ({
    step: step + 1,
    epoch,
    loss,
    learningRate,
    gradientNorm,
  }));
}

async function cutAnswers(
  { spec, model, retrieval, corpus }: PublishInput,
  { store, passagePrompt = '', lowerCase = false, onProgress }: CollectContext,
  maxSequenceLength: number,
): Promise<Partial<Record<Part, CutAnswers>>> {
  if (isReadyDataset(spec.dataset) || spec.dataset.corpusCount === 0) return {};
  const counted: Partial<Record<Part, CutAnswers>> = {};
  for (const part of ['train', 'validation', 'test'] as const) {
    if (!corpus.parts[part]) continue;
    const options = { model, retrieval, part, maxSequenceLength, passagePrompt, lowerCase, onProgress };
    const found = await countCutAnswers(store, options);
    if (found) counted[part] = found;
  }
  return counted;
}
