// Prompts: texts put before every question and every passage, e.g. "query: " for E5 models. What the spec says counts; what it leaves
// out comes from the model's folder.

/** Texts put before questions and passages. */
export interface Prompts {
  query?: string | undefined;
  passage?: string | undefined;
}

/** The prompts to use: the explicit ones, else the folder's, else none. An explicit empty text switches one off. */
export function resolvePrompts(explicit: Prompts, ofFolder: Prompts): { query: string; passage: string } {
  return {
    query: explicit.query ?? ofFolder.query ?? '',
    passage: explicit.passage ?? ofFolder.passage ?? '',
  };
}

/** Names such as `intfloat/e5-small-v2` and `multilingual-e5-base`. */
const E5_NAME = /(^|[^a-z0-9])e5-(small|base|large)/i;

/**
 * A warning when a model of the E5 family, told by any of its names, runs without its prefixes. Its pages ask for `query: ` and
 * `passage: `, and quality falls without them (https://huggingface.co/intfloat/e5-small-v2, FAQ 1).
 */
export function promptWarning(
  names: readonly string[],
  prompts: { query: string; passage: string },
): string | undefined {
  const name = names.find((candidate) => E5_NAME.test(candidate));
  if (name === undefined || (prompts.query.startsWith('query:') && prompts.passage.startsWith('passage:')))
    return undefined;
  return (
    `${name}: E5 models expect the prefixes "query: " and "passage: ", got ${JSON.stringify(prompts.query)} and ` +
    `${JSON.stringify(prompts.passage)}. Set "prompts": {"query": "query: ", "passage": "passage: "} in the spec.`
  );
}
