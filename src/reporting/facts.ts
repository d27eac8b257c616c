// The report's tables of facts: data, settings, machine. Each line is a label, a value and perhaps a note.
import { baseName } from '../spec/names.js';
import type { PublishInput } from '../spec/publishing-stages.js';
import type { Part } from '../spec/stages.js';
import type { CheckpointAbout } from '../training/checkpoint.js';
import type { CutAnswers } from './cut-answers.js';
import { count, plural } from './format.js';
import type { Fact } from './report-data.js';

const PART_LABELS: Record<Part, string> = { train: 'Training part', validation: 'Validation part', test: 'Test part' };

/** What {@link dataFacts} takes beside the stages' results. */
export interface DataFactsInput {
  maxSequenceLength: number;
  /** By part, for documents that mix answers: those whose true answer is cut. */
  cutAnswers: Partial<Record<Part, CutAnswers>>;
}

/** Rows read, dropped and kept, parts, and texts that were cut. */
export function dataFacts(
  { transform, split, corpus, plan, pins }: PublishInput,
  { maxSequenceLength, cutAnswers }: DataFactsInput,
): Fact[] {
  const facts: Fact[] = [{ label: 'Source', value: pinLabel(pins.dataset) }];
  for (const [name, { rows, kept, dropped }] of Object.entries(transform?.splits ?? {})) {
    facts.push({ label: `Rows of split ${name}`, value: `${count(rows)} read, ${count(kept)} kept` });
    facts.push(...droppedFacts(dropped));
  }
  facts.push(...droppedFacts(split?.dropped ?? {}));
  for (const part of ['train', 'validation', 'test'] as const) {
    const counts = corpus.parts[part];
    if (!counts) continue;
    facts.push({
      label: PART_LABELS[part],
      value: `${plural(counts.queries, 'question')}, ${plural(counts.documents, 'document')}, ${plural(counts.pairs, 'pair')}`,
    });
    const cut = plan.cut[part];
    facts.push({
      label: `Cut at ${maxSequenceLength} tokens (${part})`,
      value: `${plural(cut?.queries ?? 0, 'question')}, ${plural(cut?.documents ?? 0, 'document')}`,
      ...(cut && cut.queries + cut.documents > 0 && { note: 'The model does not see what stands past its length.' }),
    });
    const answers = cutAnswers[part];
    if (answers) {
      facts.push({
        label: `True answer cut (${part})`,
        value:
          answers === 'too large'
            ? 'not counted, the part is too large'
            : `in ${count(answers.cut)} of ${plural(answers.documents, 'document')}`,
        note: 'Documents mix the true answer with others; here it reaches past the model’s length.',
      });
    }
  }
  return facts;
}

function droppedFacts(dropped: Record<string, number>): Fact[] {
  return Object.entries(dropped)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([reason, rows]) => ({ label: `Dropped: ${reason}`, value: count(rows) }));
}

/** Where an input came from and which version of it, on one line. */
export function pinLabel(pin: PublishInput['pins']['model'] | PublishInput['pins']['dataset']): string {
  if (pin.type !== 'hub') return pin.label;
  const conversion = 'conversion' in pin ? `, read from the Hub’s Parquet conversion at commit ${pin.conversion}` : '';
  return `${pin.id} at commit ${pin.commit}${conversion}`;
}

/** Settings that name a Hub id or a path. */
const SOURCES = /^(model\.source|model\.random\.tokenizer|dataset\.(source|train|test|validation))$/;

/**
 * Every setting of the spec, with the names that a spec has. Where things lay on a disk is not told: a path is its last part, the output
 * folder is left out.
 */
export function settingsFacts({ spec, pins }: Pick<PublishInput, 'spec' | 'pins'>): Fact[] {
  const hubIds = [pins.model, pins.dataset].flatMap((pin) => (pin.type === 'hub' ? [pin.id] : []));
  const shown = (value: unknown, path: string): string => {
    if (typeof value !== 'string') return JSON.stringify(value);
    return SOURCES.test(path) && !hubIds.includes(value) ? baseName(value) : value;
  };
  const facts: Fact[] = [];
  const walk = (value: unknown, path: string): void => {
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
      for (const [key, inner] of Object.entries(value)) walk(inner, path === '' ? key : `${path}.${key}`);
    } else if (value !== undefined && path !== 'output.directory') {
      facts.push({ label: path, value: shown(value, path) });
    }
  };
  walk(spec, '');
  return facts;
}

/** The machine that trained, and the run's names. */
export function machineFacts(
  { workflow, published, plan, training }: PublishInput,
  about: Pick<CheckpointAbout, 'machine' | 'bitIdentical'> | undefined,
): Fact[] {
  return [
    ...(about
      ? [
          { label: 'Platform', value: about.machine.platform },
          { label: 'Instruction set', value: about.machine.instructionSet },
          { label: 'Threads', value: String(about.machine.threads) },
          { label: 'ONNX Runtime', value: about.machine.onnxRuntime },
          {
            label: 'Bit-identical',
            value: about.bitIdentical ? 'yes' : 'no',
            note: about.bitIdentical
              ? 'The same spec on a machine of this kind gives the same weights, bit for bit.'
              : 'Machines of different kinds had a part in this training.',
          },
        ]
      : []),
    { label: 'Peak memory of the trainer', value: `${count(training.peakMemoryMb)} MB` },
    { label: 'Longest pairs a micro-batch', value: count(plan.microBatchSize) },
    {
      label: 'Checkpoint',
      value: `step ${count(published.checkpoint.step)} of training ${published.checkpoint.lineage}`,
    },
    { label: 'Workflow id', value: workflow.workflowId },
    { label: 'Run id', value: workflow.runId },
  ];
}
