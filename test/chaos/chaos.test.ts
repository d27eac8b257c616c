// Whoever is killed, whenever: the run goes on by itself and ends with the bytes of the undisturbed run. Without CHAOS_KILLS a short form;
// `npm run test:chaos` sets it and goes through every stage and through that many random moments (CHAOS_SEED repeats them).
import { existsSync } from 'node:fs';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FineTuneSpecInput } from '../../src/spec/spec.js';
import { realTexts } from '../support/real-texts.js';
import { writeTinyTokenizer } from '../support/tiny-tokenizer.js';
import { disturbedRun, type Death, type RunReport, type Victim } from './disturbed-run.js';
import { ChaosHouse } from './house.js';
import { randomDeaths } from './random-deaths.js';

const kills = Number(process.env.CHAOS_KILLS ?? 0);
const seed = Number(process.env.CHAOS_SEED ?? 20261124);
const withStages = process.env.CHAOS_STAGES !== '0';
const limitMs = Number(process.env.CHAOS_MINUTES ?? 9) * 60_000;
const encoder = fileURLToPath(new URL('../../examples/encoder/model', import.meta.url));
const hasEncoder = existsSync(join(encoder, 'model.safetensors'));

const ACTIVITIES = [
  ...['pinInputs', 'downloadModel', 'downloadDataset', 'transformPairs', 'splitPairs', 'buildCorpus'],
  ...['planTraining', 'evaluateModel', 'trainEpoch', 'publishModel'],
];
const killAll = (victim: Victim): Death[] => ACTIVITIES.map((activity) => ({ victim, at: { activity } }));

let house: ChaosHouse;
let spec: FineTuneSpecInput;
let undisturbed: RunReport;
const reports: RunReport[] = [];

beforeAll(async () => {
  house = await ChaosHouse.open();
  const texts = await realTexts(320);
  const rows = texts.map((answer, index) => ({ question: `${index} ${answer.slice(0, 40)}`, answer }));
  await writeFile(join(house.folder, 'pairs.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  await writeTinyTokenizer(join(house.folder, 'tokenizer'), texts, 300);
  // Inside the only folder that the Workers may read.
  const copy = join(house.folder, 'encoder');
  if (kills > 0 && hasEncoder) await cp(encoder, copy, { recursive: true });
  const model: FineTuneSpecInput['model'] =
    kills > 0 && hasEncoder
      ? copy
      : { random: { tokenizer: join(house.folder, 'tokenizer'), maxPositionEmbeddings: 128 } };
  spec = {
    model,
    dataset: { source: join(house.folder, 'pairs.jsonl') },
    training: { epochs: 2, batchSize: 4, learningRate: 1e-3, dropout: 0.1, checkpointEverySeconds: 0.2 },
  };
  undisturbed = await disturbedRun(house, 'undisturbed', spec, []);
}, 180_000);
afterAll(async () => {
  if (reports.length > 0 && kills > 0) print();
  await house?.close();
});

async function everyStage(): Promise<void> {
  const trainerStages = (['tokenize', 'evaluate', 'train', 'publish'] as const).map((stage): Death => ({
    victim: 'trainer',
    at: { stage },
  }));
  await expectSame('trainer-by-stage', trainerStages);
  await expectSame('server-by-stage', killAll('server'), 700);
  await expectSame('worker-by-stage', killAll('worker'), 700);
  await expectSame('asleep', [{ victim: 'sleep', at: { stage: 'train' } }]);
}

async function expectSame(name: string, deaths: readonly Death[], holdMs?: number): Promise<RunReport> {
  const report = await disturbedRun(house, name, spec, deaths, holdMs);
  reports.push(report);
  if (kills > 0) {
    const told = report.deaths.filter(({ happened }) => happened);
    const lost = told.reduce((sum, { stepsLost }) => sum + stepsLost, 0);
    console.log(
      `${name}: ${told.length} kills in ${report.seconds.toFixed(0)} s, ${lost} steps lost, ${report.sha256.slice(0, 12)}`,
    );
  }
  expect(report).toMatchObject({ sha256: undisturbed.sha256, bitIdentical: true });
  return report;
}

describe.skipIf(kills > 0)('a run', () => {
  it('whose trainer, Worker and server are killed while it trains ends with the same bytes', async () => {
    const { deaths } = await expectSame('short', [
      { victim: 'trainer', at: { stage: 'train' } },
      { victim: 'server', at: { afterMs: 100 } },
      { victim: 'worker', at: { afterMs: 300 } },
    ]);
    expect(deaths.map(({ happened }) => happened)).toEqual([true, true, true]);
  }, 170_000);

  it('whose Worker fell asleep ends with the same bytes, and the trainer that wakes up stops', async () => {
    const { deaths } = await expectSame('asleep', [{ victim: 'sleep', at: { stage: 'train' } }]);
    expect(deaths).toMatchObject([
      { happened: true, staleEnd: expect.stringMatching(/StaleAttempt|CANCELLED|cancel/i) },
    ]);
  }, 170_000);
});

describe.skipIf(kills === 0)('many runs', () => {
  it(
    'end with the same bytes, whoever is killed at which stage and at random moments',
    { timeout: limitMs + 900_000 },
    async () => {
      console.log(
        `seed ${seed}, ${kills} random kills, at most ${limitMs / 60_000} minutes; undisturbed: ${undisturbed.seconds.toFixed(1)} s, ${undisturbed.sha256}`,
      );
      if (withStages) await everyStage();
      const end = Date.now() + limitMs;
      const lists = randomDeaths({ seed, perRun: 5, longestMs: 3000 });
      // A moment that comes after a run's end kills nobody, so kills are counted as they happen.
      for (let [run, happened] = [1, 0]; happened < kills && Date.now() < end; run++) {
        const { deaths } = await expectSame(`random-${run}`, lists.next().value);
        happened += deaths.filter((death) => death.happened).length;
      }
    },
  );
});

/** The table of all deaths, and one JSON line. */
function print(): void {
  const deaths = reports.flatMap((report) => report.deaths.map((death) => ({ ...death, run: report.name })));
  const done = deaths.filter(({ happened }) => happened);
  const table = new Table({
    head: ['killed', 'when', 'kills', 'steps lost (median, most)', 'seconds to recover (median, most)'],
  });
  const groups = [...new Set(done.map(({ victim, at }) => `${victim}|${at}`))];
  for (const group of groups) {
    const [victim = '', at = ''] = group.split('|');
    const members = done.filter((death) => death.victim === victim && death.at === at);
    const lost = members.map(({ stepsLost }) => stepsLost);
    const seconds = members.map(({ secondsToRecover }) => secondsToRecover);
    table.push([victim, at, members.length, spread(lost, 0), spread(seconds, 1)]);
  }
  console.log(table.toString());
  const identical = reports.filter(({ sha256 }) => sha256 === undisturbed.sha256).length;
  const summary = {
    seed,
    kills: done.length,
    runs: reports.length,
    identical,
    stepsLost: done.reduce((sum, { stepsLost }) => sum + stepsLost, 0),
    medianSecondsToRecover: Number(median(done.map(({ secondsToRecover }) => secondsToRecover)).toFixed(2)),
    sha256: undisturbed.sha256,
  };
  console.log(JSON.stringify(summary));
}

function spread(values: number[], digits: number): string {
  return `${median(values).toFixed(digits)}, ${Math.max(...values).toFixed(digits)}`;
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}
