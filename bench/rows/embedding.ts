// Row: embedding a corpus against SentenceTransformer.encode.
import { modelFolder } from '../models.js';
import type { EmbedResult } from '../jobs/embed.js';
import { median, type Row } from '../row.js';
import { readPairs, readPassages } from '../texts.js';

const MIXED = 512;
const FULL = 320;

/** Tokenising and embedding, in turn. */
export const embeddingRow: Row = {
  name: 'embedding',
  about: `MiniLM-L6, ${MIXED} passages of mixed lengths and their questions, and ${FULL} full passages; tokenising included, loading not`,
  run: async (bench) => {
    const model = await modelFolder(bench, 'MiniLM-L6');
    const mixed = readPassages(bench.shared).slice(0, MIXED);
    const questions = readPairs(bench.shared, 'mixed', MIXED).map(({ query }) => query);
    const full = [...new Set(readPairs(bench.shared, 'full', 2 * FULL).map(({ document }) => document))].slice(0, FULL);
    const figures = [];
    for (const [what, texts] of [
      ['passages and questions', [...mixed, ...questions]],
      ['full passages', full],
    ] as const) {
      const ours: number[] = [];
      const theirs: number[] = [];
      let tokenizing = 0;
      for (let round = 0; round < bench.rounds; round++) {
        const own = await bench.ours<EmbedResult>('embed', { model, texts });
        tokenizing = own.tokenizeSeconds / own.seconds;
        ours.push(own.textsPerSecond);
        if (bench.peer) theirs.push((await bench.peer<EmbedResult>('embed', { model, texts })).textsPerSecond);
      }
      figures.push({
        what: `${what}, texts/s`,
        ours: `${median(ours).toFixed(1)} (${(100 * tokenizing).toFixed(1)} % of the time tokenising)`,
        ...(theirs.length > 0 && {
          theirs: median(theirs).toFixed(1),
          value: median(ours) / median(theirs),
          goal: { atLeast: 2 },
        }),
      });
    }
    return figures;
  },
};
