// The beginning of a retrain: pins the data, looks into the champion's history, and says whether there is anything to train. Only when
// the revision is a new one is the data prepared, to see whether its content is.
import { lstat } from 'node:fs/promises';
import { findTried, readChampionLog, standingChampion, type ChampionEntry } from '../artifacts/champion-log.js';
import { sha256OfJson } from '../artifacts/hash.js';
import type { StageContext } from '../artifacts/stage-context.js';
import { FinalError } from '../errors.js';
import { resolveAllowedOutput } from '../sources/paths.js';
import { pinModel } from '../sources/pin.js';
import type { SourceSettings } from '../sources/source-settings.js';
import { outputName } from '../spec/names.js';
import { hashedShapeOf } from '../spec/random-model.js';
import { championPaths, describeBase, type OpenRetrainResult, type RetrainSpec } from '../spec/retrain.js';
import { pinDataset } from './pin-dataset.js';
import { inputsByContent, inputsByRevision, prepareData } from './retrain-inputs.js';

/** What looking gives; the rest of the activity's result is the Worker's own affair. */
export type OpenedRetrain = Omit<OpenRetrainResult, 'storeId' | 'trainingTaskQueue' | 'activityTimes'>;

/** True when services are served a champion of this name: its store must be there then. */
export async function isServed(spec: RetrainSpec, settings: SourceSettings): Promise<boolean> {
  const directory = await resolveAllowedOutput(spec.output.directory, settings.dataFolders);
  return (await lstat(championPaths(directory, outputName(spec), 0).path).catch(() => undefined)) !== undefined;
}

/**
 * Looks at the data and at the champion's history.
 *
 * @throws FinalError `InvalidData` when a champion is served that the store knows nothing of; as pinning and preparing data do.
 */
export async function openRetrain(
  spec: RetrainSpec,
  settings: SourceSettings,
  context: StageContext,
): Promise<OpenedRetrain> {
  const { store } = context;
  const name = outputName(spec);
  const directory = await resolveAllowedOutput(spec.output.directory, settings.dataFolders);
  const log = await readChampionLog(store, name);
  const standing = standingChampion(log);
  if (!standing && (await isServed(spec, settings))) throw otherStore(championPaths(directory, name, 0).path, context);
  const dataset = await pinDataset(spec.dataset, settings, context);
  const start = standing?.sha256 ?? (await startOfBase(spec, settings, context));
  const revision = inputsByRevision(spec, dataset);
  const looked = {
    ...{ name, start, dataset },
    ...(standing && {
      champion: {
        ...{ version: standing.number, sha256: standing.sha256 },
        ...championPaths(directory, name, standing.number),
      },
    }),
    data: dataset.type === 'hub' ? `${dataset.id} at ${dataset.commit.slice(0, 12)}` : dataset.label,
    warnings: standing ? otherBase(log, standing.number, spec) : [],
  };
  const seen = findTried(log, start, (inputs) => inputs.revision === revision);
  if (seen) return { ...looked, unchanged: whyUnchanged(seen, standing?.number, false) };
  const content = await inputsByContent(store, spec, await prepareData(spec, dataset, settings, context));
  const same = findTried(log, start, (inputs) => inputs.content === content);
  if (same) return { ...looked, unchanged: whyUnchanged(same, standing?.number, true) };
  return { ...looked, inputs: { revision, content } };
}

/** The base model's pin, and the shape of one that starts from random weights. */
async function startOfBase(spec: RetrainSpec, settings: SourceSettings, context: StageContext): Promise<string> {
  const pin = await pinModel(spec.model, settings, context);
  return sha256OfJson({ pin: { ...pin, label: undefined }, shape: hashedShapeOf(spec.model) ?? null });
}

function whyUnchanged(tried: ChampionEntry, standing: number | undefined, isNewRevision: boolean): string {
  const what = isNewRevision
    ? 'The data has a new revision, but the same questions and answers'
    : 'Neither data nor settings have changed';
  if (tried.number === standing) return `${what}: the champion (version ${standing}) was trained on them.`;
  const outcome =
    tried.event === 'promoted'
      ? `version ${tried.number}, which was rolled back since`
      : 'a candidate that was not promoted';
  return `${what}: they were tried on ${tried.at.slice(0, 10)} with the same model to begin with, and gave ${outcome}. ${tried.why}`;
}

/** Tells when the spec names another base model than the champion began with. */
function otherBase(log: readonly ChampionEntry[], number: number, spec: RetrainSpec): string[] {
  const before = log.find((entry) => entry.number === number)?.candidate?.base;
  const now = describeBase(spec);
  if (before === undefined || before === now) return [];
  return [
    `model: the champion began with ${before} and is trained on; the spec's ${now} is not used. Give the champion another name (output.name) to begin anew.`,
  ];
}

function otherStore(path: string, { store }: StageContext): FinalError {
  return new FinalError(
    'InvalidData',
    `champion: ${path} is there, but the store in ${store.location} has no history of it. Bring back the store that it came from, or remove ${path} to begin anew.`,
  );
}
