// The trainer process with a watch in it: notes what each step takes, and leaves the figures beside the store when it ends.
import { writeFileSync } from 'node:fs';
import { TrainingRun } from '../../src/training/training-run.js';

const { storeFolder } = JSON.parse(process.argv[2] ?? '{}') as { storeFolder: string };
/** Milliseconds of each step: gradients, clipping and update. */
const steps: number[] = [];

// eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own run below
const { advance } = TrainingRun.prototype;
TrainingRun.prototype.advance = async function (batch, options) {
  const start = performance.now();
  const record = await advance.call(this, batch, options);
  steps.push(performance.now() - start);
  return record;
};
process.on('exit', () => writeFileSync(`${storeFolder}.steps.json`, JSON.stringify(steps)));

await import('../../src/trainer/child.js');
