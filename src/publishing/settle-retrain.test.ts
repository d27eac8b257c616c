import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { remember } from '../artifacts/artifact.js';
import { readChampionLog, rollBackChampion, standingChampion } from '../artifacts/champion-log.js';
import { sha256 } from '../artifacts/hash.js';
import { openLocalStore } from '../artifacts/local-store.js';
import type { StageContext } from '../artifacts/stage-context.js';
import { DamagedError, type ArtifactStore } from '../artifacts/store.js';
import { readTrainedQuestions } from '../dataset/trained-questions.js';
import { parseRetrainSpec, type PlacedChampion } from '../spec/retrain.js';
import type { ArtifactRef, StageProgress } from '../spec/stages.js';
import { placeChampion } from './champion-folder.js';
import { settleRetrain, type SettleInput } from './settle-retrain.js';

let root: string;
let store: ArtifactStore;
let context: StageContext;
let reported: StageProgress[];
/** What another run does before a file of the candidate is taken into the store. */
let meanwhile: (note: string) => void;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'settle-'));
  store = await openLocalStore({ folder: join(root, 'store'), create: true });
  reported = [];
  meanwhile = () => undefined;
  const progress = (report: StageProgress) => {
    reported.push(report);
    if (report.note?.startsWith('taking')) meanwhile(report.note);
  };
  context = { store, signal: new AbortController().signal, progress, warn: () => undefined };
});
afterEach(() => rm(root, { recursive: true }));

const QUESTIONS = Array.from({ length: 12 }, (_, i) => `question ${i}`);

async function artifact(kind: string, blobs: Record<string, unknown>): Promise<ArtifactRef> {
  const made = await remember({
    ...{ store, kind, version: 1, inputs: blobs },
    make: async () => {
      const entries = Object.entries(blobs).map(
        async ([name, value]) => [name, await store.putBytes(Buffer.from(JSON.stringify(value)))] as const,
      );
      return { blobs: Object.fromEntries(await Promise.all(entries)), facts: {} };
    },
  });
  return { kind, key: made.key };
}
/** A retrieval set in which each question has a document of its own. */
const setOf = (questions: readonly string[]) => ({
  queries: Object.fromEntries(questions.map((text, i) => [`q${i}`, text])),
  corpus: Object.fromEntries(questions.map((text, i) => [`d${i}`, `answer to ${text}`])),
  relevant_docs: Object.fromEntries(questions.map((_, i) => [`q${i}`, [`d${i}`]])),
  mode: 'text',
});
const evaluation = (ndcg: readonly number[]) =>
  artifact('evaluation', {
    'details.json': { queries: ndcg.map((value, query) => ({ query, answer: query, ndcg: value })) },
  });

interface Attempt {
  /** NDCG@10 by test question. */
  before: number[];
  after: number[];
  train?: string[];
  weights?: string;
  champion?: PlacedChampion | undefined;
  smallestGain?: number;
  runId?: string;
  /** SHA-256 of the weights as the fine-tuning told it; default: that of the file. */
  published?: string;
  /** The folder has lost its weights. */
  isGone?: boolean;
}
async function settle({
  before,
  after,
  train = ['what is trained'],
  weights = 'w',
  champion,
  smallestGain = 0,
  runId = weights,
  published = sha256(weights),
  isGone = false,
}: Attempt) {
  const folder = join(root, 'candidate');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'model.safetensors'), weights);
  if (isGone) await rm(join(folder, 'model.safetensors'));
  const spec = {
    model: 'org/base',
    dataset: 'org/data',
    output: { name: 'words', directory: 'out' },
    retrain: { smallestGain },
  };
  const input: SettleInput = {
    ...{ storeId: store.id, spec: parseRetrainSpec(spec), start: champion?.sha256 ?? 'base', trainedBy: 'trainer' },
    ...(champion && { champion }),
    inputs: { revision: 'r', content: 'c' },
    candidate: {
      model: { path: folder, sha256: published },
      metrics: { before: { 'ndcg@10': 0.123456 }, after: { 'ndcg@10': 0.9 } },
      artifacts: {
        retrieval: await artifact('retrieval', { 'train.json': setOf(train), 'test.json': setOf(QUESTIONS) }),
        before: await evaluation(before),
        after: await evaluation(after),
      },
    },
    workflow: { workflowId: 'retrain-1', runId },
    ...{ outputDirectory: join(root, 'out'), decidedMs: Date.UTC(2026, 10, 24, 3) },
  };
  return settleRetrain(input, context);
}
const all = (value: number) => QUESTIONS.map(() => value);
const log = () => readChampionLog(store, 'words');
const promoteFirst = async () => {
  await settle({ before: all(0.2), after: all(0.6), weights: 'first', train: ['old question'] });
  return (await placeChampion({ store }, 'words', join(root, 'out')))!;
};

describe('settling a retrain', () => {
  it('promotes on a proven gain, and keeps who, when, what from, figures and files', async () => {
    const settled = await settle({ before: all(0.2), after: all(0.6) });
    expect(settled).toMatchObject({
      outcome: 'promoted',
      entry: 1,
      comparison: { against: 'base', questions: 12, dropped: 0 },
    });
    expect(settled.why).toMatch(
      /^Promoted: a gain is proven \(NDCG@10 \+0\.4000 against the base model; 95 % interval/,
    );
    expect(await log()).toMatchObject([
      {
        ...{ event: 'promoted', champion: 1, at: '2026-11-24T03:00:00.000Z', by: 'workflow retrain-1' },
        candidate: {
          sha256: sha256('w'),
          start: 'base',
          base: 'org/base at main',
          metrics: { before: { 'ndcg@10': 0.1235 } },
        },
        version: { sha256: sha256('w'), directory: join(root, 'out') },
      },
    ]);
    await placeChampion({ store }, 'words', join(root, 'out'));
    expect(await readFile(join(root, 'out/data/champions/words/model.safetensors'), 'utf8')).toBe('w');
  });

  it.each([
    [
      'may be chance',
      { before: [...all(0.5).slice(1), 0.4], after: all(0.5) },
      /no gain is proven, the difference may be chance/,
    ],
    ['is a loss', { before: all(0.5), after: all(0.4) }, /retrieval got worse/],
    [
      'is too small',
      { before: all(0.5), after: all(0.52), smallestGain: 0.05 },
      /not one above retrain\.smallestGain 0\.05/,
    ],
  ])('does not promote what %s, says why, and writes it down', async (_what, attempt, why) => {
    const champion = await promoteFirst();
    const settled = await settle({ ...attempt, champion });
    expect(settled).toMatchObject({ outcome: 'notPromoted', entry: 2 });
    expect(settled.why).toMatch(why);
    expect(settled.why).toContain('against the champion, version 1');
    const entries = await log();
    expect(standingChampion(entries)?.number).toBe(1);
    expect(entries[1]).toMatchObject({ event: 'rejected', champion: 1, why: settled.why });
  });

  it('tells that it goes on, while it compares and while it takes the files of the version', async () => {
    await settle({ before: all(0.2), after: all(0.6) });
    expect(new Set(reported.map(({ note }) => note))).toEqual(
      new Set(['comparing champion and candidate', 'taking model.safetensors of the new version into the store']),
    );
  });

  it('leaves out the test questions that the champion or the candidate was trained on, however they are written, and counts them', async () => {
    // The gain stands on questions that were seen: without them there is none.
    await settle({ before: all(0.2), after: all(0.6), weights: 'first', train: ['  QUESTION 0', 'question  1'] });
    const champion = (await placeChampion({ store }, 'words', join(root, 'out')))!;
    const after = QUESTIONS.map((_, i) => (i < 3 ? 1 : 0.5));
    const settled = await settle({ before: all(0.5), after, train: ['question 2', 'new'], champion });
    expect(settled).toMatchObject({
      outcome: 'notPromoted',
      comparison: { questions: 9, dropped: 3, verdict: { difference: 0 } },
    });
    expect(settled.why).toContain('on 9 test questions (3 left out that a model was trained on)');
  });

  it('decides nothing when no question is left', async () => {
    const settled = await settle({ before: all(0.2), after: all(0.6), train: QUESTIONS });
    expect(settled).toMatchObject({ outcome: 'notPromoted', entry: 1 });
    expect(settled.why).toContain('all 12 test questions');
  });

  it('remembers the questions of every training that led to a champion', async () => {
    const champion = await promoteFirst();
    await settle({ before: all(0.2), after: all(0.6), weights: 'second', train: ['new question'], champion });
    const [first, second] = await Promise.all(
      (await log()).map(({ version }) => readTrainedQuestions(store, version!.trainedOn)),
    );
    expect(first!.size).toBe(1);
    expect(second!.size).toBe(2);
    expect([...second!]).toEqual(expect.arrayContaining([...first!]));
  });

  it('does not promote over a champion that it was not compared with', async () => {
    const champion = await promoteFirst();
    await settle({ before: all(0.2), after: all(0.6), weights: 'second', champion });
    await rollBackChampion(store, 'words', { at: '', by: '' });
    const stale = { ...champion, version: 2 };
    const settled = await settle({ before: all(0.2), after: all(0.6), weights: 'third', champion: stale });
    expect(settled.why).toMatch(/changed while the candidate was trained \(version 2 before, version 1 now\)/);
    expect(await log()).toHaveLength(3);
  });

  it('that comes again finds its own decision, also a promotion', async () => {
    const first = await settle({ before: all(0.2), after: all(0.6) });
    expect(await settle({ before: all(0.2), after: all(0.6) })).toEqual(first);
    expect(await log()).toHaveLength(1);
  });

  it('promotes no folder that is no longer what was published', async () => {
    const attempt = settle({ before: all(0.2), after: all(0.6), published: sha256('other weights') });
    await expect(attempt).rejects.toThrow(DamagedError);
    for (const published of [sha256('w'), 'nothing', undefined as unknown as string]) {
      const gone = settle({ before: all(0.2), after: all(0.6), published, isGone: true });
      await expect(gone).rejects.toThrow(DamagedError);
    }
    expect(await log()).toEqual([]);
  });

  it('promotes no folder that another run publishes while it is taken into the store', async () => {
    const folder = join(root, 'candidate');
    const attempt = () => settle({ before: all(0.2), after: all(0.6) });
    meanwhile = () => writeFileSync(join(folder, 'model.safetensors'), 'of another run');
    await expect(attempt()).rejects.toThrow(DamagedError);
    // The weights are taken already, and the files after them are the other run's.
    await mkdir(join(folder, 'onnx'));
    await writeFile(join(folder, 'onnx', 'model.onnx'), 'ours');
    meanwhile = (note) => {
      if (!note.includes('model.onnx')) return;
      mkdirSync(join(root, 'other', 'onnx'), { recursive: true });
      writeFileSync(join(root, 'other', 'onnx', 'model.onnx'), 'of another run');
      renameSync(folder, join(root, 'aside'));
      renameSync(join(root, 'other'), folder);
    };
    await expect(attempt()).rejects.toThrow(DamagedError);
    expect(await log()).toEqual([]);
  });
});
