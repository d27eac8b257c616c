// Writes schema/*.schema.json, the JSON Schemas of what a user may write, from the built zod schemas. `npm run schema`.
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { specJsonSchemas } from '../dist/src/spec/json-schema.js';

await mkdir(new URL('../schema/', import.meta.url), { recursive: true });
for (const [name, schema] of Object.entries(specJsonSchemas())) {
  const file = fileURLToPath(new URL(`../schema/${name}.schema.json`, import.meta.url));
  await writeFile(file, `${JSON.stringify(schema, null, 2)}\n`);
}
