// The end of a retrain: champion (or base) and candidate on the same test questions, those left out that either was trained on; a
// promotion when the gain is proven; the decision in the champion's history either way, with its reason. An attempt that comes again
// finds its own entry.
import { stat } from 'node:fs/promises';
import { readArtifact } from '../artifacts/artifact.js';
import {
  addToChampionLog,
  readChampionLog,
  standingChampion,
  type ChampionEntry,
  type ChampionVersion,
} from '../artifacts/champion-log.js';
import type { StageContext } from '../artifacts/stage-context.js';
import { DamagedError } from '../artifacts/store.js';
import { addTrainedQuestions } from '../dataset/trained-questions.js';
import { compareOnUnseen } from '../evaluation/unseen.js';
import { sha256OfWeights } from '../sources/own-folder.js';
import { signed, whyUnclear } from '../spec/figures.js';
import { outputName } from '../spec/names.js';
import { WEIGHTS_FILE } from '../spec/published-files.js';
import {
  describeBase,
  type RetrainComparison,
  type SettleRetrainInput,
  type SettleRetrainResult,
} from '../spec/retrain.js';
import { takeVersion } from './champion-folder.js';

/** Input of {@link settleRetrain}; the candidate's path is absolute, and found to be allowed. */
export type SettleInput = SettleRetrainInput & {
  /** Absolute, and found to be allowed. */
  outputDirectory: string;
  /** The server's time for the decision, in milliseconds since 1970. */
  decidedMs: number;
};

/**
 * Compares, decides, and writes the decision down.
 *
 * @throws DamagedError when the candidate's folder is no longer what was published.
 */
export async function settleRetrain(input: SettleInput, context: StageContext): Promise<SettleRetrainResult> {
  const { store } = context;
  const { spec, champion, candidate, workflow } = input;
  const name = outputName(spec);
  const entries = await readChampionLog(store, name);
  const own = entries.find(({ runId }) => runId === workflow.runId);
  if (own) return resultOf(own);
  const standing = standingChampion(entries);
  if (standing?.number !== champion?.version) {
    const now = standing ? `version ${standing.number}` : 'none';
    return {
      outcome: 'notPromoted',
      why: `The champion changed while the candidate was trained (version ${champion?.version ?? 'none'} before, ${now} now): the next run compares with that one.`,
    };
  }
  const { retrieval, before, after } = candidate.artifacts;
  const trainedOn = await addTrainedQuestions(store, retrieval, standing?.trainedOn);
  const onProgress = (done: number, total: number): void => {
    context.signal.throwIfAborted();
    context.progress({ stage: 'evaluate', done, total, unit: 'steps', note: 'comparing champion and candidate' });
  };
  onProgress(0, 1);
  const compared = await compareOnUnseen(store, { before, after, retrieval, trainedOn }, { onProgress });
  const { verdict, questions, dropped } = compared;
  const against = champion ? 'champion' : 'base';
  const comparison: RetrainComparison | undefined = verdict && { against, verdict, questions, dropped };
  const promoted = verdict?.verdict === 'improved' && verdict.interval[0] > spec.retrain.smallestGain;
  const why = reason(input, comparison, dropped);
  const { start, trainedBy, inputs } = input;
  const judged = {
    ...{ sha256: candidate.model.sha256, start, trainedBy, base: describeBase(spec) },
    inputs,
    metrics: shown(candidate.metrics),
    ...(comparison && { comparison }),
  };
  const entry = await addToChampionLog(store, name, entries, {
    event: promoted ? 'promoted' : 'rejected',
    ...(!promoted && { champion: standing?.number ?? 0 }),
    at: new Date(input.decidedMs).toISOString(),
    by: `workflow ${workflow.workflowId}`,
    why,
    candidate: judged,
    ...(promoted && { version: await versionOf(input, trainedOn, context) }),
    runId: workflow.runId,
  });
  // Somebody wrote meanwhile: look again at what stands now.
  return entry ? resultOf(entry) : settleRetrain(input, context);
}

async function versionOf(
  { candidate: { model }, outputDirectory }: SettleInput,
  trainedOn: ChampionVersion['trainedOn'],
  context: StageContext,
): Promise<ChampionVersion> {
  const demandPublished = (actual: string | undefined): void => {
    if (actual === undefined || actual !== model.sha256)
      throw new DamagedError(`candidate ${model.path}`, `expected ${model.sha256}, got ${actual ?? 'no such file'}`);
  };
  const before = await folderAt(model.path);
  demandPublished(await sha256OfWeights(model.path));
  const files = await takeVersion(model.path, context);
  // Another run may have put its folder there since: what was taken counts, and that it was one folder all the time.
  demandPublished((await readArtifact(context.store, files)).blobs[WEIGHTS_FILE]?.sha256);
  if ((await folderAt(model.path)) !== before)
    throw new DamagedError(`candidate ${model.path}`, 'another folder took its place while it was read');
  return { sha256: model.sha256, files, trainedOn, directory: outputDirectory };
}

/** What tells one folder from another that is put in its place. */
async function folderAt(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found && `${found.dev} ${found.ino}`;
}

function resultOf({ number, event, why, candidate }: ChampionEntry): SettleRetrainResult {
  return {
    outcome: event === 'promoted' ? 'promoted' : 'notPromoted',
    why,
    entry: number,
    ...(candidate?.comparison && { comparison: candidate.comparison }),
  };
}

/** A sentence on the decision. */
function reason(
  { spec: { retrain }, champion }: SettleInput,
  comparison: RetrainComparison | undefined,
  dropped: number,
): string {
  const other = champion ? `champion, version ${champion.version}` : 'base model';
  if (!comparison)
    return `Not promoted: all ${dropped} test questions are ones that a model was trained on, so that nothing can be compared.`;
  const { verdict, questions } = comparison;
  const [low, high] = verdict.interval.map(signed);
  const figures =
    `NDCG@10 ${signed(verdict.difference)} against the ${other}; 95 % interval ${low} to ${high}, on ${questions} test questions` +
    (dropped > 0 ? ` (${dropped} left out that a model was trained on)` : '');
  if (verdict.verdict === 'worse') return `Not promoted: retrieval got worse (${figures}).`;
  if (verdict.verdict === 'unclear') return `Not promoted: no gain is proven, ${whyUnclear(verdict)} (${figures}).`;
  if (verdict.interval[0] <= retrain.smallestGain)
    return `Not promoted: a gain is proven, but not one above retrain.smallestGain ${retrain.smallestGain} (${figures}).`;
  return `Promoted: a gain is proven (${figures}).`;
}

/** Four digits: the history is read by people. */
function shown({ before, after }: SettleRetrainInput['candidate']['metrics']): {
  before: Record<string, number>;
  after: Record<string, number>;
} {
  const round = (metrics: Record<string, number>): Record<string, number> =>
    Object.fromEntries(Object.entries(metrics).map(([metric, value]) => [metric, Number(value.toFixed(4))]));
  return { before: round(before), after: round(after) };
}
