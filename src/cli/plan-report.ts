// The text of `finetune plan`: rows by reason, pairs as they will be trained, token lengths, and what a run would take.
import colors from 'picocolors';
import { datasetName, modelName, outputName } from '../spec/names.js';
import { shorten } from '../spec/shorten.js';
import type { FineTuneSpec } from '../spec/spec.js';
import type { LocalPlanView } from '../training.js';
import { clock } from './progress-view.js';

const BAR = 30;
const TEXT = 100;

/** The report of a plan. */
export function planReport(spec: FineTuneSpec, view: LocalPlanView): string {
  const { plan, corpus, warnings } = view;
  const { training } = spec;
  const { microBatchSize } = plan;
  const microBatches =
    microBatchSize < training.batchSize ? ` (micro-batches as large as ${microBatchSize} of the longest pairs)` : '';
  const blocks = [
    `${colors.bold(outputName(spec))}: ${modelName(spec.model)} on ${datasetName(spec.dataset)}`,
    rows(view),
    `${colors.bold('Parts')}\n${partLines(corpus.parts)}`,
    pairLines(view),
    histogram('Tokens a question', view.lengths.queries),
    histogram('Tokens a document', view.lengths.documents),
    cutLines(plan.cut),
    `${colors.bold('Training')}\n  ${plan.pairs} pairs, ${training.epochs} epochs, ${plan.totalSteps} steps of ${training.batchSize} pairs` +
      `${microBatches}, ${training.loss}\n` +
      frozenLine(plan.parameters) +
      `  rate: up to ${training.learningRate} over ${Math.ceil(plan.totalSteps * training.warmupRatio)} steps, then down to 0 at step ${plan.totalSteps};` +
      ' after extendEpochs down to 0 at the new last step',
    `${colors.bold('Estimate')}\n  about ${clock(plan.estimate.seconds)} of training, ${Math.round(plan.estimate.memoryMb)} MB of memory, ${Math.round(plan.estimate.diskMb)} MB of disk`,
    warnings.map((warning) => `${colors.yellow('!')} ${warning}`).join('\n'),
  ];
  return ['', ...blocks.filter((block) => block !== '')].join('\n\n');
}

function frozenLine(parameters: LocalPlanView['plan']['parameters']): string {
  if (!parameters || parameters.trained === parameters.all) return '';
  const millions = (count: number): string => (count / 1e6).toFixed(1);
  return `  frozen: ${millions(parameters.all - parameters.trained)} of ${millions(parameters.all)} million parameters keep the base model's values\n`;
}

function rows({ transform, split }: LocalPlanView): string {
  if (!transform) return '';
  const lines = Object.entries(transform.splits).map(
    ([name, { rows: read, kept, dropped }]) => `  ${name}: ${read} rows, ${kept} pairs${reasons(dropped)}`,
  );
  const after = split ? reasons(split.dropped) : '';
  if (after !== '') lines.push(`  after the split${after}`);
  return `${colors.bold('Rows')}\n${lines.join('\n')}`;
}

function reasons(dropped: Record<string, number>): string {
  const told = Object.entries(dropped).filter(([, count]) => count > 0);
  return told.length === 0 ? '' : `, dropped: ${told.map(([reason, count]) => `${count} ${reason}`).join(', ')}`;
}

function partLines(parts: LocalPlanView['corpus']['parts']): string {
  return Object.entries(parts)
    .map(
      ([part, { queries, documents, pairs }]) =>
        `  ${part}: ${queries} questions, ${documents} documents, ${pairs} pairs`,
    )
    .join('\n');
}

function pairLines({ pairs }: LocalPlanView): string {
  if (pairs.length === 0) return '';
  const lines = pairs.map(({ question, answer }) => `  ${shown(question)}\n    ${colors.dim(shown(answer))}`);
  return `${colors.bold(`The first ${pairs.length} pairs`)}\n${lines.join('\n')}`;
}

/** Text of the data on one line of the terminal, without its control characters. */
function shown(text: string): string {
  return shorten(text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim(), TEXT);
}

/** Counts by length, in bins of a power of two. */
export function histogram(title: string, lengths: readonly number[]): string {
  if (lengths.length === 0) return '';
  const bins = new Map<number, number>();
  for (const length of lengths) {
    const upper = 2 ** Math.max(3, Math.ceil(Math.log2(length)));
    bins.set(upper, (bins.get(upper) ?? 0) + 1);
  }
  const largest = Math.max(...bins.values());
  const uppers = [...bins.keys()].sort((a, b) => a - b);
  const lines = uppers.map((upper) => {
    const count = bins.get(upper) ?? 0;
    const bar = '█'.repeat(Math.max(1, Math.round((BAR * count) / largest)));
    return `  ≤ ${String(upper).padStart(5)}  ${bar} ${count}`;
  });
  return `${colors.bold(title)}\n${lines.join('\n')}`;
}

function cutLines(cut: LocalPlanView['plan']['cut']): string {
  const lines = Object.entries(cut)
    .filter(([, { queries, documents }]) => queries + documents > 0)
    .map(([part, { queries, documents }]) => `  ${part}: ${queries} questions, ${documents} documents`);
  return lines.length === 0 ? '' : `${colors.bold('Longer than the model takes, cut')}\n${lines.join('\n')}`;
}
