// The whole run through a real server with real activities and the real trainer process, on a tiny encoder with random weights. Whatever
// is done to it, the same inputs give the same model.safetensors, byte for byte.
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TrainerPool } from '../activities/index.js';
import { sha256OfFile } from '../src/artifacts/hash.js';
import type { StageContext } from '../src/artifacts/stage-context.js';
import type { FineTuneSpecInput } from '../src/spec/spec.js';
import type { FineTuneResult } from '../src/spec/publishing-stages.js';
import type { Stage, StageProgress } from '../src/spec/stages.js';
import type { TrainerOperation, TrainerOperations } from '../src/trainer/operations.js';
import { bundleWorkflows, startTestServer } from './support/server.js';
import { TinyProject, type RunPlace } from './support/tiny-project.js';
import { watchedPool } from './support/watched-pool.js';

let place: RunPlace;
let project: TinyProject;
let folder: string;
const spec: TinyProject['spec'] = (...settings) => project.spec(...settings);

beforeAll(async () => {
  const [environment, workflowBundle] = await Promise.all([startTestServer(), bundleWorkflows()]);
  place = { environment, workflowBundle };
  project = await TinyProject.create();
  ({ folder } = project);
});
afterAll(async () => {
  await place?.environment.teardown();
  await project?.remove();
});

/** Runs the workflow on Workers of its own. */
const fineTune = (input: FineTuneSpecInput, store: string, Pool = TrainerPool): Promise<FineTuneResult> =>
  project.withRun(place, input, { store, Pool }, (handle) => handle.result() as Promise<FineTuneResult>);

/** A pool whose trainer is killed with SIGKILL, once in each stage, at a report that fits. */
function killingPool(
  stages: Partial<Record<Stage, (progress: StageProgress) => boolean>>,
  killed: Stage[],
): typeof TrainerPool {
  return watchedPool((report, call) => {
    const pid = call.pid();
    if (killed.includes(report.stage) || !stages[report.stage]?.(report) || pid === undefined) return;
    killed.push(report.stage);
    process.kill(pid, 'SIGKILL');
  });
}

const modelFile = (result: FineTuneResult) => sha256OfFile(join(result.model.path, 'model.safetensors'));

describe('a whole run', () => {
  let undisturbed: FineTuneResult;
  let model: string;
  beforeAll(async () => {
    undisturbed = await fineTune(spec(), 'store');
    model = await modelFile(undisturbed);
  });

  it('trains, evaluates and publishes the tree, and leaves nothing temporary behind', async () => {
    expect(undisturbed.model).toEqual({ path: join(folder, 'out/data/embeddings/tiny'), sha256: model });
    expect(undisturbed).toMatchObject({ publishedEpoch: 2, bitIdentical: true });
    expect(undisturbed.metrics.epochs).toHaveLength(2);
    expect(undisturbed.metrics.after).toMatchObject(undisturbed.metrics.epochs[1]!.metrics);
    expect(undisturbed.training.pairs).toBeGreaterThan(80);
    expect(undisturbed.training.peakMemoryMb).toBeGreaterThan(30);
    expect(await readdir(join(folder, 'out/data'))).toEqual(['dataset', 'embeddings', 'logs']);
    expect(await readdir(join(folder, 'out/data/dataset'))).toEqual(['pairs']);
    expect(await readFile(undisturbed.report, 'utf8')).toContain('<html');
    expect(await readdir(join(folder, 'store/tmp'))).toEqual([]);
  });

  it('made again on another store gives the same model, byte for byte', async () => {
    const again = await fineTune(spec(), 'another-store');
    expect(await modelFile(again)).toBe(model);
    expect(again).toMatchObject({ metrics: undisturbed.metrics, inputsSha256: undisturbed.inputsSha256 });
  });

  it('whose trainer was killed in every stage, in training in the middle of an epoch, gives the same model', async () => {
    const killed: Stage[] = [];
    const isInMiddle = ({ epoch, done, total }: StageProgress): boolean => epoch === 2 && done < total - 3;
    const whenever = (): boolean => true;
    const Pool = killingPool({ tokenize: whenever, evaluate: whenever, train: isInMiddle, publish: whenever }, killed);
    const result = await fineTune(spec(), 'store-of-the-killed', Pool);
    expect(killed).toEqual(['tokenize', 'evaluate', 'train', 'publish']);
    expect(await modelFile(result)).toBe(model);
    expect(result.bitIdentical).toBe(true);
  });

  it('made again on the same store trains nothing, and publishes the same', async () => {
    let steps = 0;
    const Pool = killingPool({ train: () => ++steps < 0 }, []);
    const again = await fineTune(spec(), 'store', Pool);
    expect(steps).toBe(0);
    expect(await modelFile(again)).toBe(model);
  });

  it('whose stored results vanish before publishing makes them again, and gives the same model', async () => {
    const store = join(folder, 'store');
    class Vandal extends TrainerPool {
      private done = false;
      override async call<K extends TrainerOperation>(
        operation: K,
        input: TrainerOperations[K]['input'],
        context: StageContext,
      ): Promise<TrainerOperations[K]['result']> {
        if (operation === 'publishModel' && !this.done) {
          this.done = true;
          await rm(join(store, 'records'), { recursive: true });
          await rm(join(store, 'blobs'), { recursive: true });
        }
        return super.call(operation, input, context);
      }
    }
    const result = await fineTune(spec(), 'store', Vandal);
    expect(result.warnings.join('\n')).toContain('made again');
    expect(await modelFile(result)).toBe(model);
  });

  it('on a store where every blob has a flipped byte sets aside something of every kind, and gives the same model', async () => {
    const store = join(folder, 'another-store');
    const filesOf = async (part: string): Promise<string[]> => {
      const entries = await readdir(join(store, part), { recursive: true, withFileTypes: true });
      return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    };
    const blobs = await filesOf('blobs');
    for (const path of blobs) {
      const bytes = await readFile(path);
      if (bytes.length > 0) bytes[bytes.length >> 1]! ^= 1;
      await writeFile(path, bytes);
    }
    const kinds = new Map<string, string>();
    for (const path of await filesOf('records')) {
      const text = await readFile(path, 'utf8');
      const kind = path.slice(join(store, 'records').length + 1).split('/')[0]!;
      for (const blob of blobs.map((each) => basename(each))) if (text.includes(blob)) kinds.set(blob, kind);
    }
    expect(new Set(kinds.values()).size).toBeGreaterThanOrEqual(8);
    const again = await fineTune(spec(), 'another-store');
    expect(await modelFile(again)).toBe(model);
    expect(again).toMatchObject({ metrics: undisturbed.metrics, bitIdentical: true });
    const reasons = (await filesOf('set-aside')).filter((path) => path.endsWith('.reason'));
    const texts = (await Promise.all(reasons.map((path) => readFile(path, 'utf8')))).join('');
    const found = [...kinds].filter(([blob]) => texts.includes(blob)).map(([, kind]) => kind);
    expect(new Set(found)).toEqual(new Set(kinds.values()));
  });

  it('that keeps the best epoch chooses it on a validation part', async () => {
    const result = await fineTune(spec({ keep: 'best' }, { validationRatio: 0.2 }), 'store');
    expect(result.metrics.after).toMatchObject(result.metrics.epochs[result.publishedEpoch - 1]!.metrics);
  });
});
