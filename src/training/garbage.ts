// What a store no longer needs. Its roots lie in the store itself: a record of kind `run` for each run, which names the artifacts that the
// run is made of and, once it is published, the checkpoint that was. A run counts as long as it or something that it names was touched
// within the given days; what the history of a champion names counts always. Whatever was touched within a day stays in any case, and so
// do every manifest, state, loss history and evaluation: they are small, and say what was done. Of checkpoints only the tensors go.
import { CHAMPION_KIND, championArtifacts } from '../artifacts/champion-log.js';
import { ROOT_KIND, type RunRoot } from '../artifacts/run-root.js';
import {
  DamagedError,
  type ArtifactStore,
  type BlobRef,
  type JsonObject,
  type StoredItem,
} from '../artifacts/store.js';
import type { CheckpointRef } from '../spec/stages.js';
import { listCheckpoints, markReleased, readManifest, tensorsOf } from './checkpoint.js';

const DAY_MS = 24 * 3_600_000;
const NEWEST = 2;
/** Small, and worth keeping for what they say. */
const KEPT_KINDS = new Set([ROOT_KIND, CHAMPION_KIND, 'checkpoint', 'checkpoint-released', 'evaluation', 'epochs']);

/** Something that can be freed, and why. */
export interface Garbage {
  item: StoredItem;
  why: string;
}

/** What would be freed. */
export interface GarbageReport {
  items: Garbage[];
  bytes: number;
  /** Checkpoints that lose their tensors. */
  released: CheckpointRef[];
}

/**
 * Finds what can be freed.
 *
 * @param days Runs that were not touched for so many days count no more; default 30.
 */
export async function findGarbage(store: ArtifactStore, { days = 30 } = {}): Promise<GarbageReport> {
  const inventory = await store.inventory();
  const isOld = ({ ageMs }: StoredItem): boolean => ageMs > DAY_MS;
  const records = new Map(inventory.filter(({ type }) => type === 'record').map((item) => [item.name, item]));
  const roots = await liveRoots(store, records, days * DAY_MS);
  const claimed = new Set(
    inventory.filter((item) => item.type === 'claim' && !isOld(item)).map(({ name }) => name.split('/')[0]!),
  );
  const artifacts = [...roots.flatMap((root) => root.artifacts), ...(await championArtifacts(store))];
  const needed = new Set(artifacts.map(({ kind, key }) => `${kind}/${key}`));
  const { keptBlobs, released } = await sortCheckpoints(store, { records, roots, claimed, isOld });

  const items: Garbage[] = [];
  for (const [name, item] of records) {
    const kind = name.split('/')[0]!;
    if (KEPT_KINDS.has(kind) || needed.has(name) || !isOld(item)) {
      const body = kind === 'checkpoint' ? undefined : await bodyOf(store, name);
      for (const { sha256 } of blobsIn(body)) keptBlobs.add(sha256);
    } else {
      items.push({ item, why: `${kind}: no run of the last ${days} days needs it` });
    }
  }
  for (const item of inventory) {
    if (item.type === 'record' || !isOld(item)) continue;
    if (item.type !== 'blob') items.push({ item, why: LEFT_OVER[item.type] });
    else if (!keptBlobs.has(item.name)) items.push({ item, why: 'content that nothing needs' });
  }
  return { items, bytes: items.reduce((sum, { item }) => sum + item.bytes, 0), released };
}

const LEFT_OVER = {
  claim: 'a claim of long ago',
  'set-aside': 'damaged and set aside',
  temporary: 'left by a process that ended',
} as const satisfies Record<Exclude<StoredItem['type'], 'blob' | 'record'>, string>;

/** Frees what was found; what was touched meanwhile stays. */
export async function freeGarbage(store: ArtifactStore, { items, released }: GarbageReport): Promise<void> {
  const now = new Map((await store.inventory()).map((item) => [`${item.type} ${item.name}`, item]));
  // The marks come first: a checkpoint whose tensors are missing without one counts as damaged. Records go before their blobs.
  for (const ref of released) await markReleased(store, ref);
  const isRecord = ({ item }: Garbage): number => (item.type === 'record' ? 0 : 1);
  const neededAgain = new Set<string>();
  for (const { item } of [...items].sort((a, b) => isRecord(a) - isRecord(b))) {
    const present = now.get(`${item.type} ${item.name}`);
    if (!present || (item.type === 'blob' && neededAgain.has(item.name))) continue;
    if (present.ageMs > DAY_MS) await store.removeItem(present);
    else if (item.type === 'record') {
      // It names its blobs, which only it was touched for.
      for (const { sha256 } of blobsIn(await bodyOf(store, item.name))) neededAgain.add(sha256);
    }
  }
}

async function liveRoots(
  store: ArtifactStore,
  records: ReadonlyMap<string, StoredItem>,
  limitMs: number,
): Promise<RunRoot[]> {
  const roots: RunRoot[] = [];
  for (const key of await store.listRecords(ROOT_KIND)) {
    const root = (await store.readRecord(ROOT_KIND, key)) as unknown as RunRoot | undefined;
    if (!root) continue;
    const names = [`${ROOT_KIND}/${key}`, ...root.artifacts.map((ref) => `${ref.kind}/${ref.key}`)];
    if (Math.min(...names.map((name) => records.get(name)?.ageMs ?? Infinity)) <= limitMs) roots.push(root);
  }
  return roots;
}

interface CheckpointsOptions {
  records: ReadonlyMap<string, StoredItem>;
  roots: readonly RunRoot[];
  claimed: ReadonlySet<string>;
  isOld: (item: StoredItem) => boolean;
}

/** Blobs that checkpoints need, and the checkpoints whose tensors nothing needs. */
async function sortCheckpoints(
  store: ArtifactStore,
  { records, roots, claimed, isOld }: CheckpointsOptions,
): Promise<{ keptBlobs: Set<string>; released: CheckpointRef[] }> {
  const nameOf = ({ lineage, step }: CheckpointRef): string => `${lineage} ${step}`;
  const named = new Set(
    roots.flatMap(({ checkpoints, published }) => [...checkpoints, ...(published ? [published] : [])]).map(nameOf),
  );
  const underWay = new Set(claimed);
  const published = new Set(roots.filter((root) => root.published).map(({ lineage }) => lineage));
  for (const { lineage } of roots) if (!published.has(lineage)) underWay.add(lineage);
  const all = (await listCheckpoints(store)).sort((a, b) => b.step - a.step);
  const seen = new Map<string, number>();
  const keptBlobs = new Set<string>();
  const released: CheckpointRef[] = [];
  for (const ref of all) {
    const manifest = await readManifest(store, ref);
    if (!manifest) continue;
    const place = seen.get(ref.lineage) ?? 0;
    if (!manifest.isReleased) seen.set(ref.lineage, place + 1);
    for (const blob of [manifest.content.state, ...(await historyOf(store, manifest.content.state))])
      keptBlobs.add(blob.sha256);
    const record = records.get(`checkpoint/${ref.lineage}/${String(ref.step).padStart(9, '0')}`);
    const isNeeded =
      (record && !isOld(record)) ||
      named.has(nameOf(ref)) ||
      underWay.has(ref.lineage) ||
      (published.has(ref.lineage) && place < NEWEST);
    if (isNeeded) for (const { sha256 } of tensorsOf(manifest)) keptBlobs.add(sha256);
    else if (!manifest.isReleased) released.push({ lineage: ref.lineage, step: ref.step });
  }
  return { keptBlobs, released };
}

/** The loss histories that a state names; none when the state itself is gone or damaged (and now set aside). */
async function historyOf(store: ArtifactStore, state: BlobRef): Promise<BlobRef[]> {
  try {
    return blobsIn(JSON.parse((await store.readBlob(state)).toString('utf8')));
  } catch (error) {
    if (error instanceof DamagedError) return [];
    throw error;
  }
}

function bodyOf(store: ArtifactStore, name: string): Promise<JsonObject | undefined> {
  const slash = name.indexOf('/');
  return store.readRecord(name.slice(0, slash), name.slice(slash + 1));
}

/** Every reference to a blob in a JSON value. */
function blobsIn(value: unknown): BlobRef[] {
  if (typeof value !== 'object' || value === null) return [];
  const { sha256, bytes } = value as Partial<BlobRef>;
  if (typeof sha256 === 'string' && typeof bytes === 'number') return [{ sha256, bytes }];
  return Object.values(value).flatMap(blobsIn);
}
