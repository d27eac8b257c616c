// The history of a champion: which model of a recurring retrain stands, and every decision that led there. A chain of records, numbered
// from 1, each created once and never overwritten: the last one says which version stands, so a move is one creation, and of two that
// want to move at the same time one finds the number taken. Folders and links on disk only follow (src/publishing/champion-folder.ts).
import type { RetrainComparison, RetrainInputs } from '../spec/retrain.js';
import type { Metrics } from '../spec/evaluation-stages.js';
import type { ArtifactRef } from '../spec/stages.js';
import { FinalError } from '../errors.js';
import type { ArtifactStore, JsonObject } from './store.js';

/** Kind of the records. */
export const CHAMPION_KIND = 'champion';

/** A candidate as it was judged. */
export interface JudgedCandidate {
  /** SHA-256 of its model.safetensors. */
  sha256: string;
  /** What it began with: a champion's SHA-256, or the hash of the base model's pin; and its data and settings. */
  start: string;
  inputs: RetrainInputs;
  /** The base model that the spec names, in words. */
  base: string;
  /** Of the model before, and of the candidate, on the whole test part. */
  metrics: { before: Metrics; after: Metrics };
  comparison?: RetrainComparison;
  /** Workflow id of the fine-tuning. */
  trainedBy: string;
}

/** A promoted model, all of it in the store. */
export interface ChampionVersion {
  sha256: string;
  /** `champion-version`: every file of the published folder. */
  files: ArtifactRef;
  /** `trained-questions`: the questions that it, or what it began with, was trained on. */
  trainedOn: ArtifactRef;
  /** Output folder that its path lies under, absolute. */
  directory: string;
}

/** One decision. */
export interface ChampionEntry {
  /** From 1. */
  number: number;
  event: 'promoted' | 'rejected' | 'rolledBack';
  /** Of the entry that promoted the version that stands from now on; 0: none. */
  champion: number;
  /** When, as ISO 8601. */
  at: string;
  /** Who: a workflow, or a person on a host. */
  by: string;
  why: string;
  /** Absent for a roll-back. */
  candidate?: JudgedCandidate;
  /** Of a promotion alone. */
  version?: ChampionVersion;
  /** What tells an attempt of an activity its own entry. */
  runId?: string;
}

/** The whole history of a champion, oldest first. */
export async function readChampionLog(store: ArtifactStore, name: string): Promise<ChampionEntry[]> {
  const entries: ChampionEntry[] = [];
  for (const key of await store.listRecords(CHAMPION_KIND, `${name}/`)) {
    const entry = await store.readRecord(CHAMPION_KIND, key);
    if (entry) entries.push(entry as unknown as ChampionEntry);
  }
  return entries;
}

/** Names of all champions, sorted. */
export async function listChampions(store: ArtifactStore): Promise<string[]> {
  const keys = await store.listRecords(CHAMPION_KIND);
  return [...new Set(keys.map((key) => key.slice(0, key.lastIndexOf('/'))))];
}

/** What the histories of all champions refer to. */
export async function championArtifacts(store: ArtifactStore): Promise<ArtifactRef[]> {
  const needed: ArtifactRef[] = [];
  for (const name of await listChampions(store)) {
    for (const { version } of await readChampionLog(store, name)) {
      if (version) needed.push(version.files, version.trainedOn);
    }
  }
  return needed;
}

/**
 * Adds a decision.
 *
 * @param before The history that the decision was made on.
 * @returns undefined when somebody else has added one meanwhile.
 */
export async function addToChampionLog(
  store: ArtifactStore,
  name: string,
  before: readonly ChampionEntry[],
  entry: Omit<ChampionEntry, 'number' | 'champion'> & { champion?: number },
): Promise<ChampionEntry | undefined> {
  const number = (before.at(-1)?.number ?? 0) + 1;
  const whole: ChampionEntry = { ...entry, number, champion: entry.champion ?? number };
  const key = `${name}/${String(number).padStart(6, '0')}`;
  const { created } = await store.createRecord(CHAMPION_KIND, key, whole as unknown as JsonObject);
  return created ? whole : undefined;
}

/** The version that stands, or undefined before the first promotion. */
export function standingChampion(
  entries: readonly ChampionEntry[],
): (ChampionVersion & { number: number }) | undefined {
  return versionOf(entries, entries.at(-1)?.champion ?? 0);
}

/** A promoted version by its number. */
export function versionOf(
  entries: readonly ChampionEntry[],
  number: number,
): (ChampionVersion & { number: number }) | undefined {
  const version = entries.find((entry) => entry.number === number)?.version;
  return version && { ...version, number };
}

/** The version that stood when this one was promoted; undefined for the first. */
export function versionBefore(
  entries: readonly ChampionEntry[],
  number: number,
): (ChampionVersion & { number: number }) | undefined {
  return versionOf(entries, entries.find((entry) => entry.number === number - 1)?.champion ?? 0);
}

/**
 * The decision that makes another training needless: the standing champion was made from these inputs, or a candidate that began with
 * the same model was. A promoted one that was rolled back counts too, or it would come back by itself.
 */
export function findTried(
  entries: readonly ChampionEntry[],
  start: string,
  isSame: (inputs: RetrainInputs) => boolean,
): ChampionEntry | undefined {
  const standing = entries.at(-1)?.champion ?? 0;
  return entries.findLast(
    ({ number, candidate }) =>
      candidate && isSame(candidate.inputs) && (number === standing || candidate.start === start),
  );
}

/**
 * Takes the champion back to an earlier version: the one before, or a given one.
 *
 * @param to Number of a version; default: the one that stood when the present one was promoted.
 * @throws FinalError `InvalidSpec` when there is no such champion or version.
 */
export async function rollBackChampion(
  store: ArtifactStore,
  name: string,
  { to, at, by }: { to?: number | undefined; at: string; by: string },
): Promise<{ from: ChampionVersion & { number: number }; to: ChampionVersion & { number: number } }> {
  for (;;) {
    const entries = await readChampionLog(store, name);
    const from = standingChampion(entries);
    if (!from) {
      const known = (await listChampions(store)).join(', ') || 'none';
      throw new FinalError('InvalidSpec', `champion: no version of "${name}" was promoted in ${store.location}; champions there: ${known}`); // prettier-ignore
    }
    const target = to === undefined ? versionBefore(entries, from.number) : versionOf(entries, to);
    if (!target || target.number === from.number) {
      const versions = entries.filter(({ version }) => version).map(({ number }) => number);
      throw new FinalError(
        'InvalidSpec',
        `champion: ${to === undefined ? `version ${from.number} of "${name}" is the first, with none before it` : `another version of "${name}" than the standing ${from.number} is needed, got ${to}`}; versions: ${versions.join(', ')}`,
      );
    }
    const why = `from version ${from.number} back to version ${target.number}`;
    const entry = { event: 'rolledBack', champion: target.number, at, by, why } as const;
    if (await addToChampionLog(store, name, entries, entry)) return { from, to: target };
  }
}
