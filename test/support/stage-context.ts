// A stage's surroundings for tests: a store in a temporary folder, and what the stage reported.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLocalStore } from '../../src/artifacts/local-store.js';
import type { StageContext } from '../../src/artifacts/stage-context.js';
import type { StageProgress } from '../../src/spec/stages.js';

/** A context that keeps what was reported to it. */
export interface TestContext extends StageContext {
  /** An empty temporary folder beside the store. */
  folder: string;
  reported: StageProgress[];
  warnings: string[];
  remove(): Promise<void>;
}

/** Makes a store and a folder for one test; `remove` them at its end. */
export async function makeTestContext({ signal = new AbortController().signal } = {}): Promise<TestContext> {
  const root = await mkdtemp(join(tmpdir(), 'stage-'));
  const folder = await mkdtemp(join(root, 'data-'));
  const reported: StageProgress[] = [];
  const warnings: string[] = [];
  return {
    store: await openLocalStore({ folder: join(root, 'store'), create: true }),
    signal,
    progress: (progress) => void reported.push(progress),
    warn: (message) => void warnings.push(message),
    folder,
    reported,
    warnings,
    remove: () => rm(root, { recursive: true, force: true }),
  };
}
