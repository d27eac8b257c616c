// What every JavaScript consumer shares: reads the job it is given and writes one vector a text.
// job: { folder, texts, pooling: 'mean' | 'cls', file: 'model' | 'model_pooled', result }
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';

export const job = JSON.parse(readFileSync(process.argv[2], 'utf8'));
/** Folder that holds the model's folder, and the model's name in it: how transformers.js finds local models. */
export const models = `${dirname(job.folder)}/`;
export const name = basename(job.folder);

export function finish(vectors) {
  writeFileSync(job.result, JSON.stringify(vectors.map((vector) => Array.from(vector))));
}
