// Search attributes of a run: what the Worker's owner may turn on, so that runs are found in the UI's list. The server has to know them
// first, or a workflow that sets one would be tried for ever; the run's first activity looks before the workflow sets any.

/** Types of Temporal that are used here. */
export type RunAttributeType = 'KEYWORD' | 'DOUBLE';

/** Name and type of each. */
export const RUN_ATTRIBUTES = {
  FinetuneModel: 'KEYWORD',
  FinetuneDataset: 'KEYWORD',
  FinetuneOutput: 'KEYWORD',
  /** At the end: `improved`, `unclear` or `worse`. */
  FinetuneVerdict: 'KEYWORD',
  /** NDCG@10 on the test part. */
  FinetuneBefore: 'DOUBLE',
  FinetuneAfter: 'DOUBLE',
} as const satisfies Record<string, RunAttributeType>;

/** Name of a search attribute. */
export type RunAttribute = keyof typeof RUN_ATTRIBUTES;
