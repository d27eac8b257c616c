// The trainer process with a watch in it: sums what steps and updates take, and leaves the figures beside the store when it ends.
import { writeFileSync } from 'node:fs';
import { Engine } from '../../src/training/engine.js';
import { AdamW } from '../../src/training/optimizer.js';

const { storeFolder } = JSON.parse(process.argv[2] ?? '{}') as { storeFolder: string };
/** Milliseconds of each step: gradients and update. */
const steps: number[] = [];

// eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own engine below
const { step } = Engine.prototype;
Engine.prototype.step = async function (batch) {
  const start = performance.now();
  const result = await step.call(this, batch);
  steps.push(performance.now() - start);
  return result;
};
// eslint-disable-next-line @typescript-eslint/unbound-method -- as above
const { update } = AdamW.prototype;
AdamW.prototype.update = function (options) {
  const start = performance.now();
  update.call(this, options);
  steps.push((steps.pop() ?? 0) + performance.now() - start);
};
process.on('exit', () => writeFileSync(`${storeFolder}.steps.json`, JSON.stringify(steps)));

await import('../../src/trainer/child.js');
