// The list of losses, by the names that a spec uses. A new loss is one file and one line here.
import type { TrainingSpec } from '../spec/spec.js';
import type { Loss } from './loss.js';
import { multipleNegativesRankingLoss } from './multiple-negatives-ranking-loss.js';

/** Losses by name. */
export const losses = {
  MultipleNegativesRankingLoss: multipleNegativesRankingLoss,
} satisfies Record<TrainingSpec['loss'], Loss>;
