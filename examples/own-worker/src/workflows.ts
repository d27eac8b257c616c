// A workflow of this team: it lets their activity collect the tickets, and fine-tunes on them as a child.
import { executeChild, proxyActivities } from '@temporalio/workflow';
import type { FineTuneResult } from 'temporal-finetune/client';
import type { fineTune } from 'temporal-finetune/workflows';
import type * as activities from './activities.js';

const { collectTickets } = proxyActivities<typeof activities>({ startToCloseTimeout: '1 minute' });

export async function learnFromTickets(epochs: number): Promise<FineTuneResult> {
  const dataset = await collectTickets('data/tickets.json', 'data');
  return executeChild<typeof fineTune>('fineTune', {
    args: [
      {
        // Or a Hub id such as BAAI/bge-small-en-v1.5; this small one comes with the package and needs no network.
        model: 'node_modules/temporal-finetune/examples/encoder/model',
        dataset,
        training: { epochs, batchSize: 16, learningRate: 1e-3 },
        output: { name: 'support-encoder', directory: 'finetuned' },
      },
    ],
  });
}
