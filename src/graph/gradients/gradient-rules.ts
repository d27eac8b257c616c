// Every operation's gradient rule: the one place where derivatives are written down.
import type { Op } from '../ops.js';
import { attentionGradients } from './attention.js';
import { elementwiseGradients } from './elementwise.js';
import type { GradientRule, notDifferentiable } from './gradient-rule.js';
import { linalgGradients } from './linalg.js';
import { movementGradients } from './movement.js';
import { normalizationGradients } from './normalization.js';
import { reductionGradients } from './reduction.js';

/** Gradient rules by operation; one that has neither a rule nor `notDifferentiable` does not compile. */
export const gradientRules = {
  ...elementwiseGradients,
  ...movementGradients,
  ...reductionGradients,
  ...linalgGradients,
  ...normalizationGradients,
  ...attentionGradients,
} satisfies { [K in Op]: GradientRule<K> | typeof notDifferentiable };
