// README.md of the published folder: front matter as the Hub reads it, metrics before and after, the verdict, what it was trained on and
// how, and the lines that load it. Every text that comes from data or settings is escaped.
import { signed } from '../spec/figures.js';
import { escapeMarkdown } from '../spec/markdown.js';
import type { Verdict } from '../spec/evaluation-stages.js';
import type { PublishInput } from '../spec/publishing-stages.js';
import { codeBlock, yamlString } from './escape.js';
import type { CardSnippet } from './load-snippets.js';

/** What the card tells beside the stages' own figures. */
export interface ModelCardOptions {
  name: string;
  input: PublishInput;
  verdict: Verdict;
  dimension: number;
  maxSequenceLength: number;
  pooling: string;
  normalize: boolean;
  prompts: { query: string; passage: string };
  snippets: readonly CardSnippet[];
}

const CARD_METRICS = [
  'ndcg@10',
  'mrr@10',
  'map@100',
  'accuracy@1',
  'accuracy@3',
  'accuracy@5',
  'accuracy@10',
  'recall@10',
];

/** The card's text. */
export function modelCard(options: ModelCardOptions): string {
  const { name, input, verdict, snippets } = options;
  const sections = [
    frontMatter(options),
    `# ${escapeMarkdown(name)}`,
    `A text-embedding model: temporal-finetune fine-tuned ` +
      `${escapeMarkdown(baseModelName(input))} for retrieval on ${escapeMarkdown(datasetLabel(input))}.`,
    '## Retrieval before and after',
    `${verdictLine(verdict)} Measured on the ${input.after.queries} questions of the test part, over ${input.after.documents} documents.`,
    metricsTable(input),
    '## Use it',
    promptsText(options),
    ...snippets.flatMap(({ program, language, code }) => [`### ${escapeMarkdown(program)}`, codeBlock(language, code)]),
    '## Files',
    filesText,
    '## Training',
    settingsTable(options),
    '## Data',
    dataTable(input),
    ...(input.warnings.length > 0
      ? ['## Told during the run', input.warnings.map((warning) => `- ${escapeMarkdown(warning)}`).join('\n')]
      : []),
    'The whole report, with curves and the questions won and lost, is in `report.html`.',
  ];
  return `${sections.join('\n\n')}\n`;
}

/** The base model for the eye: its Hub id, its folder's name, or what it was made of. */
function baseModelName({ pins: { model } }: Pick<PublishInput, 'pins'>): string {
  if (model.type === 'hub') return model.id;
  return model.type === 'random' ? `random weights (tokenizer: ${model.label})` : model.label;
}

/** The dataset for the eye. */
function datasetLabel({ pins: { dataset } }: Pick<PublishInput, 'pins'>): string {
  return dataset.type === 'hub' ? dataset.id : dataset.label;
}

function frontMatter({ name, input, pooling }: ModelCardOptions): string {
  const { model, dataset } = input.pins;
  const metrics = CARD_METRICS.filter((key) => input.after.metrics[key] !== undefined);
  return [
    '---',
    'library_name: sentence-transformers',
    'pipeline_tag: sentence-similarity',
    ...(model.type === 'hub' ? [`base_model: ${yamlString(model.id)}`] : []),
    ...(dataset.type === 'hub' ? ['datasets:', `- ${yamlString(dataset.id)}`] : []),
    'tags:',
    ...[
      'sentence-transformers',
      'feature-extraction',
      'transformers.js',
      'onnx',
      'temporal-finetune',
      `${pooling}-pooling`,
    ].map((tag) => `- ${tag}`),
    'model-index:',
    `- name: ${yamlString(name)}`,
    '  results:',
    '  - task:',
    '      type: information-retrieval',
    '      name: Information Retrieval',
    '    dataset:',
    `      name: ${yamlString(datasetLabel(input))}`,
    '      type: unknown',
    '    metrics:',
    ...metrics.flatMap((key) => [
      `    - type: ${yamlString(`cosine_${key}`)}`,
      `      value: ${input.after.metrics[key]}`,
    ]),
    '---',
  ].join('\n');
}

function verdictLine({ verdict, difference, interval }: Verdict): string {
  const words = {
    improved: 'Retrieval got better.',
    unclear: 'Whether retrieval got better is unclear.',
    worse: 'Retrieval got worse.',
  }[verdict];
  return `**${words}** NDCG@10 changed by ${signed(difference)} (95 % interval ${signed(interval[0])} to ${signed(interval[1])}, paired bootstrap over the test answers).`;
}

function metricsTable({ before, after, spec }: PublishInput): string {
  const keys = [...CARD_METRICS, `hit_rate@${spec.evaluation.topK}`].filter((key) => after.metrics[key] !== undefined);
  const cells = keys.map((key) => {
    const [old, now] = [before.metrics[key], after.metrics[key]!];
    return [key, old === undefined ? '' : fixed(old), fixed(now), old === undefined ? '' : signed(now - old)];
  });
  return table(['metric', 'before', 'after', 'change'], cells);
}

function promptsText({ prompts, maxSequenceLength, dimension, pooling, normalize }: ModelCardOptions): string {
  const before = (text: string, what: string): string =>
    text === '' ? `${what} need no prompt` : `${what} are preceded by ${codeSpan(text)}`;
  return (
    `Vectors have ${dimension} dimensions (${pooling} pooling${normalize ? ', normalised' : ''}); compare them by cosine. Texts are cut at ` +
    `${maxSequenceLength} tokens. ${before(prompts.query, 'Questions')}; ${before(prompts.passage, 'passages')}.`
  );
}

const filesText = `- \`model.safetensors\`: the weights, float32.
- \`onnx/model.onnx\`: outputs \`last_hidden_state\` (token states) and \`sentence_embedding\`.
- \`onnx/model_pooled.onnx\`: its \`last_hidden_state\` is the finished embedding at every token, for programs that pool in one way only
  (LlamaIndex.TS by the mean, fastembed-js by the first token): whatever they do, they get the right vector.
- Both ONNX files put the closing token in the last place of a text, where transformers.js leaves it out of texts that it cuts.`;

function settingsTable({ input }: ModelCardOptions): string {
  const { loss, scale, batchSize, learningRate, warmupRatio, weightDecay, maxGradientNorm, dropout, seed, keep } =
    input.spec.training;
  const { pairs, seconds, pairsPerSecond, peakMemoryMb } = input.training;
  // What was trained: epochs may have been added to the plan, or taken from it.
  const { epoch: epochs, checkpoint } = input.epochs.at(-1) ?? input.published;
  return table(
    ['setting', 'value'],
    [
      ['loss', `${loss} (scale ${scale})`],
      ['epochs', `${epochs}, published: ${input.published.epoch} (keep ${keep})`],
      ['batch size', String(batchSize)],
      ['learning rate', `${learningRate}, linear, warm-up ${warmupRatio}`],
      ['weight decay', String(weightDecay)],
      ['gradient norm at most', String(maxGradientNorm)],
      ['dropout', String(dropout)],
      ['seed', String(seed)],
      ['steps', String(checkpoint.step)],
      ['training time', `${seconds.toFixed(1)} s for ${pairs} pairs (${pairsPerSecond.toFixed(1)} a second)`],
      ['memory of the trainer', `${Math.round(peakMemoryMb)} MB`],
    ],
  );
}

function dataTable({ corpus, plan, transform, pins }: PublishInput): string {
  const { dataset } = pins;
  const revision = dataset.type === 'hub' ? [['revision', dataset.commit]] : [];
  const conversion =
    dataset.type === 'hub' && dataset.conversion !== undefined
      ? [['revision of the Hub’s Parquet conversion, which was read', dataset.conversion]]
      : [];
  const parts = Object.entries(corpus.parts).map(([part, { queries, documents, pairs }]) => [
    part,
    `${queries} questions, ${documents} documents, ${pairs} pairs`,
  ]);
  const cut = Object.entries(plan.cut)
    .filter(([, { queries, documents }]) => queries + documents > 0)
    .map(([part, { queries, documents }]) => [
      `longer than the model takes, ${part}`,
      `${queries} questions, ${documents} documents (cut)`,
    ]);
  const dropped = Object.entries(transform?.splits ?? {}).flatMap(([split, { dropped: reasons }]) =>
    Object.entries(reasons).map(([reason, rows]) => [`dropped of ${split}: ${reason}`, `${rows} rows`]),
  );
  const rows = [...revision, ...conversion, ...parts, ...cut, ...dropped];
  return table(
    ['', ''],
    rows.map((cells) => cells.map(escapeMarkdown)),
  );
}

/** A table of cells that are Markdown already. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** A short text as code, visible blanks and all; backticks inside lengthen the fence. */
function codeSpan(text: string): string {
  const shown = yamlString(text);
  const fence = '`'.repeat(1 + Math.max(0, ...[...shown.matchAll(/`+/g)].map(([run]) => run.length)));
  return `${fence} ${shown} ${fence}`;
}

const fixed = (value: number): string => value.toFixed(4);
