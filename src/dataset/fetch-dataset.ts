// Brings a pinned dataset's files into the store, as they ship: only the files of the splits asked for.
import { readArtifact, remember, type Artifact } from '../artifacts/artifact.js';
import type { StageContext } from '../artifacts/stage-context.js';
import { hubAccess } from '../sources/allowed-hub.js';
import { downloadFiles } from '../sources/download-files.js';
import type { HubRepo } from '../sources/hub-errors.js';
import { hubClient } from '../sources/pin.js';
import type { SourceSettings } from '../sources/source-settings.js';
import { isReadyDataset } from '../spec/spec.js';
import type { DatasetPin, DownloadDatasetInput, DownloadResult } from '../spec/preparation-stages.js';
import { chooseSplits, neededFiles } from './choose-files.js';
import { conversionSplits, detectSplits } from './detect-splits.js';
import { SNAPSHOT_VERSION, zipNames } from './pin-dataset.js';
import type { DatasetSnapshotFacts } from './snapshot.js';

/**
 * The stage: a `dataset-snapshot` of the pinned dataset.
 *
 * @throws FinalError `SourceNotFound`, `SourceNotAllowed`, `InvalidData`; RetryableError `SourceUnavailable`.
 */
export async function downloadDataset(
  { pin, dataset }: Omit<DownloadDatasetInput, 'storeId'>,
  settings: SourceSettings,
  context: StageContext,
): Promise<DownloadResult> {
  const { kind, key, facts } = await fetchDataset(
    pin,
    isReadyDataset(dataset) ? [] : dataset.splits,
    settings,
    context,
  );
  return { artifact: { kind, key }, files: facts.files, bytes: facts.bytes };
}

/** The dataset's files in the store: fetched from the Hub at the pinned commit, or those taken in when it was pinned. */
export async function fetchDataset(
  pin: DatasetPin,
  splits: readonly string[],
  settings: SourceSettings,
  context: StageContext,
): Promise<Artifact<DatasetSnapshotFacts>> {
  if (pin.type !== 'hub') return readArtifact<DatasetSnapshotFacts>(context.store, pin.snapshot);
  const { id, commit, conversion } = pin;
  const repo: HubRepo = { type: 'dataset', name: id };
  // Asked before the store is looked into: what another Worker brought there may not be allowed here.
  hubAccess(repo, settings.allowedSources?.hub);
  return remember<DatasetSnapshotFacts>({
    store: context.store,
    kind: 'dataset-snapshot',
    version: SNAPSHOT_VERSION,
    inputs: { hub: id, commit, conversion: conversion ?? null, splits },
    make: async () => {
      const hub = hubClient(settings, context);
      const revision = conversion ?? commit;
      const listed = await hub.listFiles(repo, revision);
      const names = listed.map(({ path }) => path);
      const detected = conversion === undefined ? detectSplits(names) : conversionSplits(names);
      const needed = new Set(neededFiles(detected, splits, id));
      const files = listed.filter(({ path }) => needed.has(path));
      const { blobs, bytes } = await downloadFiles(hub, { repo, commit: revision, files }, context);
      const chosen = await chooseSplits(detected, splits, id, (name) => zipNames(blobs[name], name, context));
      return { blobs, facts: { splits: chosen, files: files.length, bytes } };
    },
  });
}
