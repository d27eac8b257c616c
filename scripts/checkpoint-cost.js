// What checkpoints cost: `node scripts/checkpoint-cost.js SPEC.json [EPOCHS]`, after `npm run build`. Trains in this process with the
// settings of the spec (on files here or in ../shared) and prints one JSON line: seconds of training, seconds of checkpoints (encoding,
// hashing, writing, flushing, retention), and the share of these.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { openLocalStore } from '../dist/src/artifacts/local-store.js';
import { createEngines } from '../dist/src/trainer/engines.js';
import { usableCores } from '../dist/src/trainer/usable-cores.js';
import { parseSpec, planLocally } from '../dist/src/training.js';
import { trainEpoch } from '../dist/src/training/epoch.js';
import { describeMachine } from '../dist/src/training/numerics.js';

const [path = 'examples/quickstart.json', epochs] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'checkpoint-cost-'));
try {
  const input = JSON.parse(readFileSync(path, 'utf8'));
  if (epochs !== undefined) input.training = { ...input.training, epochs: Number(epochs) };
  const { training } = parseSpec(input);
  const { model, plan } = await planLocally(input, {
    store: folder,
    dataFolders: ['.', '../shared'].map((each) => resolve(each)),
  });
  const plain = await openLocalStore({ folder });

  let [checkpoints, seconds, began, ended] = [0, 0, 0, 0];
  /** Notes when the store was last used: between two steps only a checkpoint uses it. */
  const store = new Proxy(plain, {
    get: (target, name) => {
      const value = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return async (/** @type {unknown[]} */ ...args) => {
        try {
          return await value.apply(target, args);
        } finally {
          ended = performance.now();
        }
      };
    },
  });
  const onCheckpoint = () => {
    checkpoints++;
    began = performance.now();
  };
  const close = () => {
    if (began > 0) seconds += (ended - began) / 1000;
    began = 0;
  };
  const threads = await usableCores();
  const engines = createEngines({ threads });
  const machine = describeMachine(threads);
  const context = { store, engines, machine, onCheckpoint, signal: new AbortController().signal, warn: console.warn };
  const common = { storeId: store.id, model, tokens: plan.tokens, plan: plan.plan, lineage: plan.lineage, training };
  let trainingSeconds = 0;
  for (let epoch = 1; epoch <= training.epochs; epoch++) {
    const result = await trainEpoch({ ...common, epoch }, { ...context, progress: close });
    close();
    trainingSeconds += result.seconds;
  }
  await engines.clear();
  const share = seconds / trainingSeconds;
  console.log(
    JSON.stringify({
      steps: plan.totalSteps,
      checkpoints,
      trainingSeconds: Number(trainingSeconds.toFixed(1)),
      checkpointSeconds: Number(seconds.toFixed(2)),
      share: `${(100 * share).toFixed(2)} %`,
    }),
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
