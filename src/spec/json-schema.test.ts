import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { specJsonSchema } from './json-schema.js';

describe('schema/fine-tune.schema.json', () => {
  it('is what the schema in code says; `npm run schema` writes it anew', () => {
    const published: unknown = JSON.parse(
      readFileSync(new URL('../../schema/fine-tune.schema.json', import.meta.url), 'utf8'),
    );
    expect(published).toEqual(JSON.parse(JSON.stringify(specJsonSchema())));
  });

  it('takes a model and a dataset alone and refuses unknown keys', () => {
    expect(specJsonSchema()).toMatchObject({ required: ['model', 'dataset'], additionalProperties: false });
  });
});
