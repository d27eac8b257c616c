// Row: what freezing the lower half saves of a step.
import { modelFolder } from '../models.js';
import type { StepResult } from '../jobs/step.js';
import type { Row } from '../row.js';
import { readPairs } from '../texts.js';

/** The embeddings alone, and with half of the layers, frozen, against nothing frozen; all in turn. */
export const freezeRow: Row = {
  name: 'freeze',
  about: 'MiniLM-L6, bare steps of 16 mixed pairs without the optimiser, in turn',
  run: async (bench) => {
    const { setups } = await bench.ours<StepResult>('step', {
      ...{ model: await modelFolder(bench, 'MiniLM-L6'), batchSize: 16, rounds: bench.rounds },
      pairs: readPairs(bench.shared, 'mixed', 4 * 16),
      setups: [
        { name: 'all' },
        { name: 'embeddings', freeze: { embeddings: true, layers: 0 } },
        { name: 'half', freeze: { embeddings: true, layers: 3 } },
      ],
    });
    const { all, embeddings, half } = setups as {
      [name in 'all' | 'embeddings' | 'half']: StepResult['setups'][string];
    };
    const shown = ({ medianMs }: typeof all): string => `${medianMs.toFixed(0)} ms`;
    return [
      {
        what: 'nothing frozen : embeddings and 3 of 6 layers frozen',
        ours: `${shown(all)} : ${shown(half)}`,
        value: all.medianMs / half.medianMs,
        goal: { atLeast: 1.3 },
      },
      {
        what: 'nothing frozen : embeddings frozen',
        ours: `${shown(all)} : ${shown(embeddings)}`,
        value: all.medianMs / embeddings.medianMs,
      },
    ];
  },
};
