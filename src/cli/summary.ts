// What stands at the end of a run: the metrics before and after, the verdict in plain words, where everything is, how to use it.
import { basename, dirname } from 'node:path';
import Table from 'cli-table3';
import colors from 'picocolors';
import { figure, signed, whyUnclear } from '../spec/figures.js';
import type { Metrics, Verdict } from '../spec/evaluation-stages.js';
import type { FineTuneResult } from '../spec/publishing-stages.js';

/** Places to name beside the result's own. */
export interface SummaryPlaces {
  /** Page of the run in the Temporal UI. */
  uiPage?: string | undefined;
}

/** The summary of a complete run. */
export function summary(result: FineTuneResult, { uiPage }: SummaryPlaces = {}): string {
  const { model, report, training, warnings } = result;
  const rows = [
    '',
    metricsTable(result.metrics.before, result.metrics.after),
    '',
    `${colors.bold('Verdict')}  ${verdictInWords(result.verdict)}`,
    `${training.pairs} pairs in ${training.seconds.toFixed(1)} s (${training.pairsPerSecond.toFixed(1)} pairs/s), peak memory of the trainer ${Math.round(training.peakMemoryMb)} MB, epoch ${result.publishedEpoch} published`,
    ...warnings.map((warning) => `${colors.yellow('!')} ${warning}`),
    '',
    `${colors.bold('Model ')}  ${model.path}`,
    `${colors.bold('Report')}  ${report}`,
    ...(uiPage === undefined ? [] : [`${colors.bold('UI    ')}  ${uiPage}`]),
    '',
    howToUse(model.path),
  ];
  return rows.join('\n');
}

/** Metrics before and after, as a table: those that most people ask for. */
export function metricsTable(before: Metrics, after: Metrics): string {
  const table = new Table({
    head: ['metric', 'before', 'after', 'change'],
    colAligns: ['left', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  for (const name of shownMetrics(after)) {
    const [old, now] = [before[name], after[name]];
    const change = old === undefined || now === undefined ? '' : signed(now - old);
    table.push([name, figure(old), figure(now), change]);
  }
  return table.toString();
}

/** The verdict as a sentence. */
export function verdictInWords({ verdict, difference, interval, metric, resamples }: Verdict): string {
  const [low, high] = interval;
  const words = {
    improved: colors.green('improved: retrieval got better'),
    unclear: colors.yellow(`unclear: ${whyUnclear({ interval })}`),
    worse: colors.red('worse: retrieval got worse'),
  };
  return (
    `${words[verdict]}. ${metric.toUpperCase()} changed by ${signed(difference)} ` +
    `(95 % interval ${signed(low)} to ${signed(high)}, ${resamples} resamples of the test answers)`
  );
}

/** Lines to copy that load the model. */
export function howToUse(path: string): string {
  return [
    colors.bold('Use it'),
    '  Node    import { env, pipeline } from "@huggingface/transformers";',
    `          env.localModelPath = ${JSON.stringify(dirname(path))};`,
    `          const embed = await pipeline("feature-extraction", ${JSON.stringify(basename(path))},`,
    '            { dtype: "fp32", model_file_name: "model_pooled" });',
    '          const vectors = await embed(["a question"], { pooling: "mean" });',
    '  Python  from sentence_transformers import SentenceTransformer',
    `          model = SentenceTransformer(${JSON.stringify(path)})`,
    `  More (LangChain.js, LlamaIndex.TS, fastembed-js, prompts): ${path}/README.md`,
  ].join('\n');
}

/** The figures most people ask for, in a fixed order; the rest are in the report. */
function shownMetrics(metrics: Metrics): string[] {
  const names = Object.keys(metrics);
  const wanted = ['ndcg@10', 'mrr@10', 'map@100', ...names.filter((name) => name.startsWith('hit_rate@'))];
  wanted.push('accuracy@1', 'accuracy@10', 'recall@10', 'precision@10');
  const shown = [...new Set(wanted)].filter((name) => name in metrics);
  return shown.length > 0 ? shown : names;
}
