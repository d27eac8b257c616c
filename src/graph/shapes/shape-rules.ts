// Every operation's shape rule.
import type { Op } from '../ops.js';
import { elementwiseShapes } from './elementwise.js';
import { movementShapes } from './movement.js';
import { productShapes } from './products.js';
import type { ShapeRule } from './shape-rule.js';

/** Shape rules by operation; one that lacks its rule does not compile. */
export const shapeRules = { ...elementwiseShapes, ...movementShapes, ...productShapes } satisfies {
  [K in Op]: ShapeRule<K>;
};
