// Writes schema/fine-tune.schema.json, the JSON Schema of what a user may write, from the built zod schema. `npm run schema`.
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { specJsonSchema } from '../dist/src/spec/json-schema.js';

await mkdir(new URL('../schema/', import.meta.url), { recursive: true });
await writeFile(
  fileURLToPath(new URL('../schema/fine-tune.schema.json', import.meta.url)),
  `${JSON.stringify(specJsonSchema(), null, 2)}\n`,
);
