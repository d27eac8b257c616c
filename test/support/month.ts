// A month of a schedule, for the time-skipping server, which knows no Schedules: before each week's retrain the test's own activity
// changes the world (`beforeWeek`), then a week goes by.
import { executeChild, proxyActivities, sleep } from '@temporalio/workflow';
import type { RetrainResult } from '../../src/spec/retrain.js';

export * from '../../dist/workflows/index.js';

const { beforeWeek } = proxyActivities<{ beforeWeek: (week: number) => Promise<void> }>({
  startToCloseTimeout: '1 minute',
});

/** Retrains every seventh day. */
export async function month(weeks: number, spec: unknown): Promise<RetrainResult[]> {
  const results: RetrainResult[] = [];
  for (let week = 1; week <= weeks; week++) {
    await beforeWeek(week);
    results.push(await executeChild('retrain', { args: [spec], workflowId: `retrain-week-${week}` }));
    await sleep('7 days');
  }
  return results;
}
