// Every operation's emission rule.
import type { Op } from '../ops.js';
import { elementwiseEmission } from './elementwise.js';
import type { EmissionRule } from './emission-rule.js';
import { movementEmission } from './movement.js';
import { productEmission } from './products.js';

/** Emission rules by operation; one that lacks its rule does not compile. */
export const emissionRules = { ...elementwiseEmission, ...movementEmission, ...productEmission } satisfies {
  [K in Op]: EmissionRule<K>;
};
