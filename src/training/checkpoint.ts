// Checkpoints: what a training needs to go on from a step, or to be evaluated and published. One is a record named by lineage and step
// that points to four kinds of blobs: weights, both moments (safetensors in the engine's layout) and the state (JSON), which names the
// loss history by epoch. The blobs are written first and the record last, and a record is created, never overwritten: whoever finds one
// finds a whole one, and a second writer with other bytes sees the first one's. Loading runs no code. Wall time and machine stand beside
// the hashed part.
import { stableJson } from '../artifacts/hash.js';
import { DamagedError, type ArtifactStore, type BlobRef } from '../artifacts/store.js';
import { encodeSafetensors, readSafetensors } from '../models/safetensors.js';
import type { CheckpointRef } from '../spec/stages.js';
import type { HistoryBlobs } from './loss-history.js';
import type { Machine } from './numerics.js';
import type { Moments } from './optimizer.js';
import type { Parameter } from './training-engine.js';

const KIND = 'checkpoint';
/** Marks checkpoints whose tensors may have been removed (retention.ts). */
const RELEASED_KIND = 'checkpoint-released';
const STEP_DIGITS = 9;

/** Where a training stands; nothing in it hangs on time or machine. */
export interface CheckpointState {
  version: 1;
  lineage: string;
  /** Steps done over the whole run; the schedule and the bias corrections follow from it. */
  step: number;
  /** The epoch of the last step done, from 1, and how many of its steps are done. */
  epoch: number;
  stepInEpoch: number;
  totalSteps: number;
  /** Loss history by epoch (loss-history.ts), the present one included. */
  history: Record<string, HistoryBlobs>;
}

/** What is the same for every machine of one kind. */
export interface CheckpointContent {
  weights: BlobRef;
  m: BlobRef;
  v: BlobRef;
  state: BlobRef;
}

/** What is recorded beside it. */
export interface CheckpointAbout {
  machine: Machine;
  /** False once a machine of another kind had a part in it. */
  bitIdentical: boolean;
  /** Why it is not: what a user is told. */
  difference?: string;
  /** Steps and checkpoints of the present epoch so far, over all attempts. */
  epochSeconds: number;
}

/** A checkpoint's record. */
export interface CheckpointManifest extends CheckpointRef {
  content: CheckpointContent;
  about: CheckpointAbout;
}

/** What {@link saveCheckpoint} takes. */
export interface SaveOptions {
  state: CheckpointState;
  parameters: readonly Parameter[];
  moments: Moments;
  about: CheckpointAbout;
}

/**
 * Saves a checkpoint.
 *
 * @returns the manifest that stands afterwards, and whether it has the same content as ours: another writer on a machine of another
 * kind may have been first.
 */
export async function saveCheckpoint(
  store: ArtifactStore,
  { state, parameters, moments, about }: SaveOptions,
): Promise<{ manifest: CheckpointManifest; isOurs: boolean }> {
  const { lineage, step } = state;
  const momentsOf = (which: Map<string, Float32Array>): Parameter[] =>
    parameters.map((parameter) => ({ ...parameter, data: which.get(parameter.name)! }));
  const putTensors = (tensors: readonly Parameter[]): Promise<BlobRef> =>
    store.putBytes(encodeSafetensors(tensors.map(({ name, shape, data }) => [name, { shape, data }])));
  const content: CheckpointContent = {
    weights: await putTensors(parameters),
    m: await putTensors(momentsOf(moments.m)),
    v: await putTensors(momentsOf(moments.v)),
    state: await store.putBytes(Buffer.from(stableJson(state))),
  };
  const key = keyOf(lineage, step);
  for (;;) {
    const { created, body } = await store.createRecord(KIND, key, { lineage, step, content, about });
    if (created) return { manifest: { lineage, step, content, about }, isOurs: true };
    const manifest = body as unknown as CheckpointManifest;
    if (stableJson(manifest.content) === stableJson(content)) return { manifest, isOurs: true };
    if (await isWhole(store, key, manifest)) return { manifest, isOurs: false };
    if (await store.readRecord(KIND, key)) {
      await store.setAsideRecord(
        KIND,
        key,
        'its tensors were removed, and a checkpoint with other content takes its place',
      );
    }
  }
}

/**
 * The newest checkpoint of a lineage whose content is whole, by its step as a number. Damaged ones are set aside with their reason; those
 * whose tensors were removed are passed over.
 *
 * @param atMost the last step that may be looked at; later ones are left alone.
 */
export async function newestCheckpoint(
  store: ArtifactStore,
  lineage: string,
  { atMost = Infinity }: { atMost?: number } = {},
): Promise<CheckpointManifest | undefined> {
  const refs = (await listCheckpoints(store, lineage))
    .filter(({ step }) => step <= atMost)
    .sort((a, b) => b.step - a.step);
  for (const ref of refs) {
    const manifest = await findCheckpoint(store, ref);
    if (manifest) return manifest;
  }
  return undefined;
}

/** All checkpoints that have a record, of a lineage or of all, in no order that means anything. */
export async function listCheckpoints(store: ArtifactStore, lineage?: string): Promise<CheckpointRef[]> {
  return listKind(store, KIND, lineage);
}

/** Those whose tensors may have been removed, likewise. */
export function listReleased(store: ArtifactStore, lineage?: string): Promise<CheckpointRef[]> {
  return listKind(store, RELEASED_KIND, lineage);
}

async function listKind(store: ArtifactStore, kind: string, lineage?: string): Promise<CheckpointRef[]> {
  const keys = await store.listRecords(kind, lineage === undefined ? '' : `${lineage}/`);
  return keys.flatMap((key) => {
    const [ofLineage = '', step = ''] = key.split('/');
    return /^\d+$/.test(step) ? [{ lineage: ofLineage, step: Number(step) }] : [];
  });
}

/** A checkpoint's manifest, nothing verified, and whether its tensors may have been removed. */
export async function readManifest(
  store: ArtifactStore,
  { lineage, step }: CheckpointRef,
): Promise<(CheckpointManifest & { isReleased: boolean }) | undefined> {
  const key = keyOf(lineage, step);
  const body = await store.readRecord(KIND, key);
  if (!body) return undefined;
  const isReleased = (await store.readRecord(RELEASED_KIND, key)) !== undefined;
  return { ...(body as unknown as CheckpointManifest), isReleased };
}

/** The tensors of all checkpoints but some and those whose tensors may have been removed, by their hash; one record is read for each. */
export async function tensorsNeeded(
  store: ArtifactStore,
  isLeftOut: (ref: CheckpointRef) => boolean,
): Promise<Set<string>> {
  const nameOf = ({ lineage, step }: CheckpointRef): string => keyOf(lineage, step);
  const released = new Set((await listReleased(store)).map(nameOf));
  const needed = new Set<string>();
  for (const ref of await listCheckpoints(store)) {
    if (released.has(nameOf(ref)) || isLeftOut(ref)) continue;
    const manifest = await store.readRecord(KIND, nameOf(ref));
    if (!manifest) continue;
    for (const { sha256 } of tensorsOf(manifest as unknown as CheckpointManifest)) needed.add(sha256);
  }
  return needed;
}

/** Notes that a checkpoint's tensors may be missing from now on. */
export async function markReleased(store: ArtifactStore, { lineage, step }: CheckpointRef): Promise<void> {
  await store.createRecord(RELEASED_KIND, keyOf(lineage, step), {});
}

/** The blobs of a checkpoint that take its space. */
export function tensorsOf({ content }: Pick<CheckpointManifest, 'content'>): BlobRef[] {
  return [content.weights, content.m, content.v];
}

/** A checkpoint's manifest with all its blobs verified, or undefined: not there, its tensors removed, or damaged and now set aside. */
export async function findCheckpoint(
  store: ArtifactStore,
  { lineage, step }: CheckpointRef,
): Promise<CheckpointManifest | undefined> {
  const key = keyOf(lineage, step);
  const body = await store.readRecord(KIND, key);
  if (!body) return undefined;
  const manifest = body as unknown as CheckpointManifest;
  if (!(await isWhole(store, key, manifest))) return undefined;
  await store.touchRecord(KIND, key);
  return manifest;
}

/** A checkpoint's manifest that says what was done there, its tensors verified unless they were removed; undefined as above. */
export async function findRecorded(
  store: ArtifactStore,
  { lineage, step }: CheckpointRef,
): Promise<CheckpointManifest | undefined> {
  const key = keyOf(lineage, step);
  const manifest = (await store.readRecord(KIND, key)) as unknown as CheckpointManifest | undefined;
  if (!manifest || !(await isWhole(store, key, manifest, { mayLackTensors: true }))) return undefined;
  await store.touchRecord(KIND, key);
  return manifest;
}

/**
 * The weights of a checkpoint that was found, by name, in the engine's layout.
 *
 * @throws DamagedError when they broke since.
 */
export async function readWeights(
  store: ArtifactStore,
  { content }: CheckpointManifest,
): Promise<Map<string, Float32Array>> {
  return readTensors(store, content.weights);
}

/** Both moments, likewise. */
export async function readMoments(store: ArtifactStore, { content }: CheckpointManifest): Promise<Moments> {
  return { m: await readTensors(store, content.m), v: await readTensors(store, content.v) };
}

/** The state, likewise. */
export async function readState(store: ArtifactStore, { content }: CheckpointManifest): Promise<CheckpointState> {
  return JSON.parse((await store.readBlob(content.state)).toString('utf8')) as CheckpointState;
}

async function readTensors(store: ArtifactStore, blob: BlobRef): Promise<Map<string, Float32Array>> {
  const tensors = await readSafetensors(await store.blobPath(blob));
  return new Map([...tensors].map(([name, { data }]) => [name, data]));
}

/** Verifies every blob that the record names; when one is damaged the record is set aside, so that its name is free again. */
async function isWhole(
  store: ArtifactStore,
  key: string,
  manifest: CheckpointManifest,
  { mayLackTensors = false } = {},
): Promise<boolean> {
  try {
    const isWithout = await isReleased(store, key, manifest);
    if (isWithout && !mayLackTensors) return false;
    for (const blob of [manifest.content.state, ...(isWithout ? [] : tensorsOf(manifest))]) await store.blobPath(blob);
    const { history } = await readState(store, manifest);
    for (const blob of Object.values(history).flat()) await store.blobPath(blob);
    return true;
  } catch (error) {
    if (!(error instanceof DamagedError)) throw error;
    await store.setAsideRecord(KIND, key, error.message);
    return false;
  }
}

/** True when tensors are missing because they were removed, not because something broke. */
async function isReleased(store: ArtifactStore, key: string, manifest: CheckpointManifest): Promise<boolean> {
  const present = await Promise.all(tensorsOf(manifest).map((blob) => store.hasBlob(blob)));
  return !present.every(Boolean) && (await store.readRecord(RELEASED_KIND, key)) !== undefined;
}

function keyOf(lineage: string, step: number): string {
  return `${lineage}/${String(step).padStart(STEP_DIGITS, '0')}`;
}
