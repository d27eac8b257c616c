// The run's page in the Temporal UI (Current Details): Markdown with a progress bar, the curves (curve.ts), and a table of the epochs in a
// code block (the page's tables have no padding). Twenty kilobytes are the limit. Texts that come from data are escaped.
import { figure, signed } from '../src/spec/figures.js';
import { escapeMarkdown } from '../src/spec/markdown.js';
import type { Metrics } from '../src/spec/evaluation-stages.js';
import { drawCurves, METRIC } from './curve.js';
import { joinParts } from './fit.js';
import type { RunState } from './progress.js';

const SHOWN_WARNINGS = 10;
const SHOWN_EPOCHS = 30;

/** What the stages are called on the page. */
const STAGE_NAMES: Record<RunState['progress']['stage'], string> = {
  pin: 'fixing revisions',
  download: 'fetching model and data',
  transform: 'reading questions and answers',
  split: 'splitting',
  corpus: 'building the corpus',
  tokenize: 'planning',
  evaluate: 'measuring retrieval',
  train: 'training',
  publish: 'publishing',
  done: 'done',
};

/** Markdown for the run as it stands. */
export function renderDetails(state: RunState): string {
  const parts = [heading(state), drawCurves(state), table(state), outcome(state), about(state), warnings(state)];
  return joinParts(parts);
}

function heading({ progress }: RunState): string {
  const { stage, epoch, epochs, paused, fraction, stopping, step, totalSteps } = progress;
  const inTraining = epoch > 0 && stage !== 'done' && stage !== 'publish';
  const where = inTraining ? `, epoch ${epoch} of ${epochs}` : '';
  const percent = Math.round(100 * shareDone(progress, fraction));
  const facts = [
    `**${percent} %**`,
    ...(epoch > 0 && totalSteps !== undefined ? [`step ${step} of ${totalSteps}`] : []),
    ...(stage === 'train' ? speed(progress) : []),
    ...(stopping && stage !== 'done' ? [`stopping early, after the present ${stopping}`] : []),
  ];
  return [
    `### ${escapeMarkdown(progress.name)} · ${paused ? 'paused, ' : ''}${STAGE_NAMES[stage]}${where}`,
    '',
    `<progress value="${percent}" max="100"></progress> ${facts.join(' · ')}`,
  ].join('\n');
}

/** Whole stages and epochs count in `fraction`; inside an epoch its steps do. */
function shareDone({ stage, step, totalSteps, epochs, epoch }: RunState['progress'], fraction: number): number {
  if (stage !== 'train' || totalSteps === undefined || totalSteps === 0) return fraction;
  const inEpoch = (step / totalSteps) * epochs - (epoch - 1);
  const weightOfEpoch = 10 / (8 + 11 * epochs + 1);
  return Math.min(1, fraction + weightOfEpoch * Math.min(1, Math.max(0, inEpoch)));
}

function speed({ loss, learningRate, pairsPerSecond, etaSeconds }: RunState['progress']): string[] {
  return [
    ...(etaSeconds === undefined ? [] : [`${duration(etaSeconds)} of training left`]),
    ...(loss === undefined ? [] : [`loss ${loss.toPrecision(3)}`]),
    ...(learningRate === undefined ? [] : [`rate ${learningRate.toExponential(1)}`]),
    ...(pairsPerSecond ? [`${pairsPerSecond.toPrecision(2)} pairs/s`] : []),
  ];
}

/** Seconds for the eye, e.g. `12 min`. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = seconds / 60;
  if (minutes < 90) return `${Math.round(minutes)} min`;
  const hours = minutes / 60;
  return hours < 48 ? `${hours.toFixed(1)} h` : `${(hours / 24).toFixed(1)} days`;
}

function about({ about: lines, progress }: RunState): string {
  const { pairs, totalSteps, changes } = progress;
  const plan = pairs === undefined ? [] : [`${pairs} training pairs, ${totalSteps} steps`];
  const how =
    progress.stage === 'done' || pairs === undefined
      ? []
      : ['press R to refresh this page; pause, resume and the updates are under More Actions'];
  const changed =
    changes.length === 0 ? [] : [`changed ${changes.length} time${changes.length > 1 ? 's' : ''} while it ran`];
  const report =
    progress.stage === 'done' || progress.report === undefined ? [] : [`report, at the end: ${progress.report}`];
  return [...lines, ...plan, ...changed, ...report, ...how].map((line) => `- ${escapeMarkdown(line)}`).join('\n');
}

function table({ before, epochs, publishedEpoch }: RunState): string {
  if (!before && epochs.length === 0) return '';
  const hitRate = Object.keys(before ?? {}).find((key) => key.startsWith('hit_rate@')) ?? 'hit_rate@5';
  const columns = [METRIC, hitRate, 'mrr@10'];
  const cells = (metrics?: Metrics): string[] => columns.map((key) => figure(metrics?.[key]));
  const rows = [
    ['epoch', 'loss', ...columns.map((name) => name.replace('hit_rate', 'hit')), 'event'],
    ['before', '', ...cells(before), ''],
    ...epochs
      .slice(-SHOWN_EPOCHS)
      .map(({ epoch, meanLoss, metrics, resetEvent }) => [
        `${epoch}${epoch === publishedEpoch ? ' *' : ''}`,
        figure(meanLoss),
        ...cells(metrics),
        `${resetEvent ?? ''}`,
      ]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  const notes = [
    ...(publishedEpoch === undefined ? [] : ['\\* published']),
    ...(epochs.length === 0 ? [] : ['event: reset to it to train again from that epoch on']),
  ];
  return [['```', ...lines, '```'].join('\n'), ...(notes.length === 0 ? [] : [notes.join(' · ')])].join('\n\n');
}

function outcome({ progress: { result } }: RunState): string {
  if (!result) return '';
  const { verdict, difference, interval } = result.verdict;
  return [
    `**Verdict: ${verdict}** (${METRIC} ${signed(difference)}, 95 % interval ${signed(interval[0])} to ${signed(interval[1])})`,
    '',
    `- Model: ${escapeMarkdown(result.model.path)}`,
    `- Report: ${escapeMarkdown(result.report)}`,
    `- SHA-256 of model.safetensors: ${result.model.sha256}`,
  ].join('\n');
}

function warnings({ progress: { warnings: all } }: RunState): string {
  if (all.length === 0) return '';
  const more = all.length > SHOWN_WARNINGS ? [`- and ${all.length - SHOWN_WARNINGS} more`] : [];
  const lines = all.slice(0, SHOWN_WARNINGS).map((warning) => `- ${escapeMarkdown(warning.slice(0, 300))}`);
  return ['**Told on the way**', '', ...lines, ...more].join('\n');
}
