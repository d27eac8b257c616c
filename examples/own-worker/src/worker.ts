// The Worker of this team: their own workflow and activity, and the plugin beside them.
import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import { FineTunePlugin } from 'temporal-finetune';
import * as activities from './activities.js';

const connection = await NativeConnection.connect({ address: process.env.TEMPORAL_ADDRESS ?? '127.0.0.1:7233' });
const worker = await Worker.create({
  connection,
  taskQueue: 'support',
  workflowsPath: fileURLToPath(new URL('./workflows.js', import.meta.url)),
  activities,
  plugins: [new FineTunePlugin({ store: 'store' })],
});
await worker.run();
await connection.close();
