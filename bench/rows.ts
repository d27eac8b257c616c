// The rows of the bench, in the order in which they run.
import type { Row } from './row.js';
import { cachingRow } from './rows/caching.js';
import { embeddingRow } from './rows/embedding.js';
import { freezeRow } from './rows/freeze.js';
import { prepareRow } from './rows/prepare.js';
import { lengthsRow, scaleRow } from './rows/scale.js';
import { searchRow } from './rows/search.js';
import { stepRows } from './rows/step.js';
import { overheadRow } from './rows/overhead.js';
import { trainingRows } from './rows/training.js';

/** All rows. */
export const rows: readonly Row[] = [
  ...stepRows,
  ...trainingRows,
  cachingRow,
  freezeRow,
  embeddingRow,
  overheadRow,
  searchRow,
  prepareRow,
  scaleRow,
  lengthsRow,
];
