// Has the data changed? By its revision (a commit, the files' hashes), which is known at once; and by the prepared questions and
// documents, so that a commit which touches only a README, or a file saved again, trains nothing. Settings are part of both.
import { readArtifact } from '../artifacts/artifact.js';
import { sha256OfJson } from '../artifacts/hash.js';
import type { StageContext } from '../artifacts/stage-context.js';
import type { ArtifactStore } from '../artifacts/store.js';
import type { SourceSettings } from '../sources/source-settings.js';
import { isReadyDataset, type FineTuneSpec } from '../spec/spec.js';
import type { DatasetPin } from '../spec/preparation-stages.js';
import type { ArtifactRef } from '../spec/stages.js';
import { buildCorpus } from './corpus.js';
import { downloadDataset } from './fetch-dataset.js';
import { splitPairs } from './split.js';
import { transformPairs } from './transform.js';

/** The settings that decide what a training makes of its data. */
type Settings = Pick<FineTuneSpec, 'prompts' | 'training' | 'evaluation'>;

/** Hash of a pinned dataset and of everything that decides what is made of it; the base model is not in it. */
export function inputsByRevision({ dataset, ...spec }: FineTuneSpec, pin: DatasetPin): string {
  return sha256OfJson({
    data: { ...pin, label: undefined },
    preparation: isReadyDataset(dataset) ? 'ready' : { ...dataset, source: undefined, revision: undefined },
    ...settingsOf(spec),
  });
}

/** The same of a prepared `retrieval` artifact. */
export async function inputsByContent(store: ArtifactStore, spec: Settings, retrieval: ArtifactRef): Promise<string> {
  const { blobs } = await readArtifact(store, retrieval);
  const parts = ['train', 'validation', 'test'].map((part) => blobs[`${part}.json`]?.sha256 ?? null);
  return sha256OfJson({ parts, ...settingsOf(spec) });
}

/** Runs the stages from download to corpus; what was prepared before is found again. */
export async function prepareData(
  { dataset, training: { keep } }: Pick<FineTuneSpec, 'dataset' | 'training'>,
  pin: DatasetPin,
  settings: SourceSettings,
  context: StageContext,
): Promise<ArtifactRef> {
  const storeId = context.store.id;
  const files = await downloadDataset({ pin, dataset }, settings, context);
  let from = files.artifact;
  if (!isReadyDataset(dataset)) {
    const pairs = await transformPairs({ storeId, snapshot: from, dataset }, context);
    from = (await splitPairs({ storeId, pairs: pairs.artifact, dataset, keep }, context)).artifact;
  }
  return (await buildCorpus({ storeId, from, dataset, keep }, context)).artifact;
}

function settingsOf({ prompts, training, evaluation }: Settings): Settings {
  return { prompts, training, evaluation };
}
