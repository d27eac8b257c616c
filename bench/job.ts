// The frame of a job: reads its input from the standard input, runs it, and writes the result with the process's figures as its last line.
import { text } from 'node:stream/consumers';
import type { ProcessFigures } from './row.js';

/** Runs the job of this process. */
export async function serveJob<Input>(work: (input: Input) => Promise<object>): Promise<void> {
  const result = await work(JSON.parse(await text(process.stdin)) as Input);
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  const figures: ProcessFigures = {
    peakMemoryMb: Math.round(maxRSS / 1024),
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
  };
  process.stdout.write(`\n${JSON.stringify({ ...figures, ...result })}\n`);
}
