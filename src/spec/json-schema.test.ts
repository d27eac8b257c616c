import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { specJsonSchemas } from './json-schema.js';

const schemas = specJsonSchemas();

describe.each(Object.entries(schemas))('schema/%s.schema.json', (name, schema) => {
  it('is what the schema in code says; `npm run schema` writes it anew', () => {
    const published: unknown = JSON.parse(
      readFileSync(new URL(`../../schema/${name}.schema.json`, import.meta.url), 'utf8'),
    );
    expect(published).toEqual(JSON.parse(JSON.stringify(schema)));
  });
});

it('a run takes a model and a dataset alone and refuses unknown keys', () => {
  expect(schemas['fine-tune']).toMatchObject({ required: ['model', 'dataset'], additionalProperties: false });
});

it('a sweep needs its base alone, whose model may stand in `models`; a chain needs base and steps', () => {
  expect(schemas.sweep).toMatchObject({ required: ['base'], properties: { base: { required: ['dataset'] } } });
  expect(schemas.chain).toMatchObject({ required: ['base', 'steps'], properties: { base: { required: ['model'] } } });
});
