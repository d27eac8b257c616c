// Publishes the comparison of several runs, `<directory>/data/comparisons/<name>/{report.html, comparison.json}`, as one folder that is put
// in place as a whole.
import { dirname, join } from 'node:path';
import { renderChain } from '../reporting/comparison-chain.js';
import { renderSweep } from '../reporting/comparison-sweep.js';
import { comparisonFolder, demandOwn } from '../sources/own-folder.js';
import type { PublishComparisonInput, PublishComparisonResult } from '../spec/comparison.js';
import { COMPARISON_FILE, REPORT_FILE } from '../spec/published-files.js';
import { demandInside, diskError } from './publish.js';
import { stageFolder } from './replace-folder.js';
import { writeOut } from './write-files.js';

/**
 * Publishes a comparison.
 *
 * @param input `outputDirectory`: absolute, and found to be allowed.
 * @throws FinalError `PathNotAllowed` when the folder leads elsewhere, cannot be written or would replace one of the user's own;
 * RetryableError `NoDiskSpace`.
 */
export async function publishComparison({
  comparison,
  outputDirectory,
}: PublishComparisonInput & { outputDirectory: string }): Promise<PublishComparisonResult> {
  const target = comparisonFolder(outputDirectory, comparison.name);
  try {
    await demandInside(outputDirectory, dirname(target));
    const folder = await stageFolder(target, () => demandOwn('comparison', target));
    try {
      const page = comparison.kind === 'sweep' ? await renderSweep(comparison) : await renderChain(comparison);
      await writeOut(folder.path, REPORT_FILE, page);
      await writeOut(folder.path, COMPARISON_FILE, `${JSON.stringify(comparison, null, 2)}\n`);
      await folder.commit();
    } finally {
      await folder.discard();
    }
    return { report: join(target, REPORT_FILE) };
  } catch (error) {
    throw diskError(error, outputDirectory);
  }
}
