// The page of a retrain in the Temporal UI (Current Details): what it does, the run that trains the candidate, the decision and why.
import type { PlacedChampion, RetrainResult } from '../src/spec/retrain.js';
import { escapeMarkdown } from '../src/spec/markdown.js';

const SHOWN_WARNINGS = 10;

/** What the page shows, and what the query `getProgress` answers. */
export interface RetrainPage {
  name: string;
  /** What goes on; absent at the end. */
  doing?: string | undefined;
  data?: string;
  /** The champion that it began with. */
  champion?: PlacedChampion | undefined;
  /** Workflow id of the candidate's fine-tuning. */
  candidate?: string;
  result?: RetrainResult;
  warnings?: readonly string[];
}

const OUTCOMES = {
  promoted: 'promoted',
  notPromoted: 'not promoted',
  unchanged: 'nothing to train',
  busy: 'another one is at work',
} as const satisfies Record<RetrainResult['outcome'], string>;

/** Markdown for a retrain as it stands. */
export function renderRetrain({ name, doing, data, champion, candidate, result, warnings = [] }: RetrainPage): string {
  const title = result ? OUTCOMES[result.outcome] : (doing ?? '');
  const before = champion ? `version ${champion.version}` : 'none yet: the candidate begins with the base model';
  const standing = result?.champion;
  const lines = [
    ...(data === undefined ? [] : [`Data: ${data}`]),
    ...(result ? [] : [`Champion: ${before}`]),
    ...(candidate !== undefined && !result ? [`The candidate is trained by the workflow ${candidate}`] : []),
    ...(standing ? [`Champion: version ${standing.version}, at ${standing.path}`] : []),
    ...(result?.candidate ? [`Candidate: ${result.candidate.path}`, `Report: ${result.candidate.report}`] : []),
    ...warnings.slice(0, SHOWN_WARNINGS),
  ];
  return [
    `### ${name === '' ? 'Retrain' : escapeMarkdown(name)} · ${title}`,
    ...(result ? [escapeMarkdown(result.why)] : []),
    lines.map((line) => `- ${escapeMarkdown(line.slice(0, 400))}`).join('\n'),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}
