// The beginning of a retrain: pins the data, looks into the champion's history, and says whether there is anything to train. Only when
// the revision is a new one is the data prepared, to see whether its content is.
import { findTried, readChampionLog, standingChampion, type ChampionEntry } from '../src/artifacts/champion-log.js';
import { sha256OfJson } from '../src/artifacts/hash.js';
import { openLocalStore } from '../src/artifacts/local-store.js';
import type { StageContext } from '../src/artifacts/stage-context.js';
import { pinDataset } from '../src/dataset/pin-dataset.js';
import { inputsByContent, inputsByRevision, prepareData } from '../src/dataset/retrain-inputs.js';
import { resolveAllowedOutput } from '../src/sources/paths.js';
import { pinModel } from '../src/sources/pin.js';
import { outputName } from '../src/spec/names.js';
import {
  championPaths,
  describeBase,
  parseRetrainSpec,
  type OpenRetrainInput,
  type OpenRetrainResult,
} from '../src/spec/retrain.js';
import type { RetrainSpec } from '../src/spec/retrain.js';
import type { Activities } from './activities.js';
import { stageActivity, type ActivityServices } from './stage-activity.js';
import { DEFAULT_TRAINING_TASK_QUEUE } from './worker-settings.js';

/** Makes the activity `openRetrain`. */
export function openRetrain(services: ActivityServices): Activities['openRetrain'] {
  const { settings, sources } = services;
  return stageActivity<OpenRetrainInput, OpenRetrainResult>(services, {
    // A run's first activity: nothing hangs on a store's identity before it.
    openStore: () => openLocalStore({ folder: settings.store, create: true }),
    work: async (input, context) => {
      const spec = parseRetrainSpec(input.spec);
      const name = outputName(spec);
      const directory = await resolveAllowedOutput(spec.output.directory, settings.dataFolders);
      const log = await readChampionLog(context.store, name);
      const champion = standingChampion(log);
      const pin = await pinDataset(spec.dataset, sources, context);
      const start = champion?.sha256 ?? (await startOfBase(services, spec, context));
      const revision = inputsByRevision(spec, pin);
      let tried = findTried(log, start, (inputs) => inputs.revision === revision);
      let content: string | undefined;
      if (!tried) {
        content = await inputsByContent(context.store, spec, await prepareData(spec, pin, sources, context));
        tried = findTried(log, start, (inputs) => inputs.content === content);
      }
      return {
        storeId: context.store.id,
        trainingTaskQueue: settings.trainingTaskQueue ?? DEFAULT_TRAINING_TASK_QUEUE,
        name,
        ...(champion && {
          champion: {
            ...{ version: champion.number, sha256: champion.sha256 },
            ...championPaths(directory, name, champion.number),
          },
        }),
        start,
        dataset: pin,
        ...(!tried && content !== undefined && { inputs: { revision, content } }),
        ...(tried && { unchanged: whyUnchanged(tried, champion?.number, content !== undefined) }),
        data: pin.type === 'hub' ? `${pin.id} at ${pin.commit.slice(0, 12)}` : pin.label,
        warnings: champion ? otherBase(log, champion.number, spec) : [],
      };
    },
  });
}

/** The base model's pin, and the shape of one that starts from random weights. */
async function startOfBase({ sources }: ActivityServices, spec: RetrainSpec, context: StageContext): Promise<string> {
  const pin = await pinModel(spec.model, sources, context);
  const shape = 'random' in spec.model ? { ...spec.model.random, tokenizer: undefined } : null;
  return sha256OfJson({ pin: { ...pin, label: undefined }, shape });
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
