// Starts the team's workflow by the client SDK, waits for it and prints what came out.
import { Client, Connection } from '@temporalio/client';
import type { learnFromTickets } from './workflows.js';

const connection = await Connection.connect({ address: process.env.TEMPORAL_ADDRESS ?? '127.0.0.1:7233' });
const client = new Client({ connection });
const result = await client.workflow.execute<typeof learnFromTickets>('learnFromTickets', {
  workflowId: 'learn-from-tickets',
  taskQueue: 'support',
  args: [2],
});
const { before, after } = result.metrics;
console.log(`NDCG@10 ${before['ndcg@10']?.toFixed(3)} → ${after['ndcg@10']?.toFixed(3)} (${result.verdict.verdict})`);
console.log(`model  ${result.model.path}`);
console.log(`report ${result.report}`);
await connection.close();
