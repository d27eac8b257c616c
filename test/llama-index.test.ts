// LlamaIndex itself reads the retrieval files as they are, and what it saves reads here.
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { readRetrievalSet, retrievalJson, sectionsOf, type RetrievalSet } from '../src/dataset/retrieval-set.js';

const python = process.env['LLAMA_INDEX_PYTHON'] ?? process.env['PYTHON'] ?? 'python3';
const IMPORT = 'from llama_index.core.evaluation import EmbeddingQAFinetuneDataset as Dataset';
const isThere = spawnSync(python, ['-c', IMPORT], { stdio: 'ignore' }).status === 0;
const PROGRAM = `
import json, sys
${IMPORT}
dataset = Dataset.from_json(sys.argv[1])
dataset.save_json(sys.argv[2])
print(json.dumps({"pairs": dataset.query_docid_pairs, "mode": dataset.mode}))
`;

describe.skipIf(!isThere)('LlamaIndex (needs llama-index-core 0.12 in Python; LLAMA_INDEX_PYTHON names one)', () => {
  it('reads a retrieval set as it is, and what it saves reads back the same', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'llama-index-'));
    const set: RetrievalSet = {
      queries: { a: 'What "is"\nit?', b: 'Où?' },
      corpus: { x: 'It is \u2028 this.', y: '水' },
      relevant_docs: { a: ['x'], b: ['y', 'x'] },
      mode: 'text',
    };
    const [ours, theirs] = [join(folder, 'ours.json'), join(folder, 'theirs.json')];
    let text = '';
    for await (const piece of retrievalJson(sectionsOf(set))) text += piece;
    await writeFile(ours, text);
    const { stdout } = await promisify(execFile)(python, ['-c', PROGRAM, ours, theirs]);
    expect(JSON.parse(stdout)).toEqual({
      pairs: [
        ['What "is"\nit?', ['x']],
        ['Où?', ['y', 'x']],
      ],
      mode: 'text',
    });
    expect(await readRetrievalSet(theirs)).toEqual(set);
    await rm(folder, { recursive: true });
  });
});
