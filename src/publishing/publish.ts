// The `publishModel` stage: the output tree of a run, `<directory>/data/{dataset/<dataset>, logs/train/<name>, embeddings/<name>}`.
// Everything is written beside its place and checked; then each folder is put in place as a whole, the model's last. A failure before
// that leaves what was there; the same input published twice gives the same folders.
import { mkdir, realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { readArtifact } from '../artifacts/artifact.js';
import { allEpochs } from '../artifacts/epoch-list.js';
import type { StageContext } from '../artifacts/stage-context.js';
import { FinalError, RetryableError } from '../errors.js';
import { readDetails } from '../evaluation/details.js';
import type { Embedder } from '../evaluation/evaluate-stage.js';
import { compareEvaluations } from '../evaluation/verdict.js';
import type { EncoderModel } from '../models/model-folder.js';
import type { Weights } from '../models/safetensors.js';
import { collectReportData } from '../reporting/collect-report-data.js';
import { renderReport } from '../reporting/report.js';
import { demandOwn, publishedFolders } from '../sources/own-folder.js';
import { outputName } from '../spec/names.js';
import { EVALUATION_CSV, REPORT_FILE } from '../spec/published-files.js';
import type { PublishInput, PublishResult } from '../spec/publishing-stages.js';
import type { WeightsRef } from '../spec/stages.js';
import { resolvePrompts } from '../text/prompts.js';
import type { TokensFacts } from '../text/tokenize.js';
import { withBaseModel } from '../training/base-folder.js';
import { writeDatasetFolder } from './dataset-folder.js';
import { evaluationCsv, type EvaluationRow } from './evaluation-csv.js';
import { writeModelFolder } from './folder.js';
import { loadSnippets } from './load-snippets.js';
import { modelCard } from './model-card.js';
import { checkParity } from './parity.js';
import { parityTexts } from './parity-texts.js';
import { stageFolder, type StagedFolder } from './replace-folder.js';
import { readHistory, writeTrainingLog } from './training-log.js';
import { writeOut } from './write-files.js';

/** The engine that holds the weights to publish. */
export interface TrainedEncoder extends Embedder {
  /** PyTorch's names and layouts. */
  toWeights(): Weights;
}

/** Surroundings of {@link publishModel}. */
export interface PublishContext extends StageContext {
  embedder(weights: WeightsRef): Promise<TrainedEncoder>;
}

/** Input of {@link publishModel}. */
export type PublishModelInput = PublishInput & {
  /** Absolute, and found to be allowed. */
  outputDirectory: string;
  /** When training ended, in milliseconds since 1970: the dates in the training log. */
  trainingEndedMs: number;
};

/** Codes of the file system's errors that say: not here. */
const UNWRITABLE = ['EACCES', 'EROFS', 'EPERM', 'ENOTDIR', 'EEXIST'];

const STEPS = ['dataset', 'training log', 'model and ONNX files', 'comparison of the ONNX files', 'report', 'renaming'];

/**
 * Publishes a run.
 *
 * @throws FinalError `ParityFailed` when the ONNX files embed otherwise than the weights, `PathNotAllowed` when the folder leads
 * elsewhere, cannot be written or would replace one that no run has published; RetryableError `NoDiskSpace`.
 */
export async function publishModel(input: PublishModelInput, context: PublishContext): Promise<PublishResult> {
  const epochs = await allEpochs(context.store, input);
  const staged: StagedFolder[] = [];
  const folders = publishedFolders(input.outputDirectory, input.spec);
  const stage = async (kind: keyof typeof folders): Promise<StagedFolder> => {
    const target = folders[kind];
    await demandInside(input.outputDirectory, dirname(target));
    const folder = await stageFolder(target, () => demandOwn(kind, target));
    staged.push(folder);
    return folder;
  };
  try {
    return await withBaseModel(context.store, input.model, (model) =>
      publish({ ...input, epochs }, model, context, stage),
    );
  } catch (error) {
    throw diskError(error, input.outputDirectory);
  } finally {
    for (const folder of staged) await folder.discard();
  }
}

async function publish(
  input: PublishModelInput,
  model: EncoderModel,
  context: PublishContext,
  stage: (kind: 'dataset' | 'log' | 'model') => Promise<StagedFolder>,
): Promise<PublishResult> {
  const { store } = context;
  const { spec } = input;
  const name = outputName(spec);
  const report = (done: number, detail?: string): void => {
    context.signal.throwIfAborted();
    const note = detail === undefined ? STEPS[done]! : `${STEPS[done]!}: ${detail}`;
    context.progress({ stage: 'publish', done, total: STEPS.length, unit: 'steps', note });
  };

  report(0);
  const dataset = await stage('dataset');
  await writeDatasetFolder({ ...context, onProgress: (detail) => report(0, detail) }, input, dataset.path);

  report(1);
  const history = await readHistory(store, input.epochs.at(-1)?.checkpoint ?? input.published.checkpoint);
  const log = await stage('log');
  await writeTrainingLog(log.path, history, {
    seconds: input.training.seconds,
    endedMs: input.trainingEndedMs,
  });

  report(2);
  const { maxSequenceLength } = (await readArtifact<TokensFacts>(store, input.tokens)).facts;
  const prompts = resolvePrompts(spec.prompts, model.prompts);
  const encoder = await context.embedder({ checkpoint: input.published.checkpoint });
  const weights = encoder.toWeights();
  const folder = await stage('model');
  const onProgress = (file: string): void => report(2, file);
  const sha256 = await writeModelFolder({
    model,
    weights,
    maxSequenceLength,
    prompts,
    folder: folder.path,
    onProgress,
  });

  report(3);
  const candidates = await parityTexts(store, input, { prompts, lowerCase: model.lowerCase });
  await checkParity({ folder: folder.path, encoder, candidates, maxLength: maxSequenceLength });

  report(4);
  const verdict = await compareEvaluations(
    await readDetails(store, input.before.artifact),
    await readDetails(store, input.after.artifact),
    { onProgress: () => report(4, 'the verdict') },
  );
  const { pooling, normalize } = model;
  const snippets = loadSnippets({ name, pooling, normalize, maxLength: maxSequenceLength, prompts });
  const told = { name, input, verdict, maxSequenceLength, pooling, normalize, prompts, snippets };
  await writeOut(folder.path, EVALUATION_CSV, evaluationCsv(evaluationRows(input)));
  await writeOut(folder.path, 'README.md', modelCard({ ...told, dimension: encoder.dimension }));
  const data = await collectReportData(input, {
    store,
    signal: context.signal,
    onProgress: (detail) => report(4, detail),
    history,
    verdict,
    load: snippets,
    passagePrompt: prompts.passage,
    lowerCase: model.lowerCase,
  });
  await writeOut(folder.path, REPORT_FILE, await renderReport(data));

  report(5);
  for (const finished of [dataset, log, folder]) await finished.commit();
  const path = publishedFolders(input.outputDirectory, spec).model;
  return { model: { path, sha256 }, report: join(path, REPORT_FILE), verdict };
}

/** The base model and every epoch that was evaluated on the test part, with the steps done by then. */
function evaluationRows({ before, epochs }: PublishInput): EvaluationRow[] {
  return [
    { epoch: 0, steps: 0, metrics: before.metrics },
    ...epochs.flatMap(({ epoch, checkpoint: { step: steps }, test }) =>
      test ? [{ epoch, steps, metrics: test.metrics }] : [],
    ),
  ];
}

/** Looks again, now that folders are made: a link in the output tree must not lead out of it. */
export async function demandInside(directory: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const [root, real] = [await realpath(directory), await realpath(folder)];
  if (real !== root && !real.startsWith(root.endsWith(sep) ? root : root + sep))
    throw new FinalError(
      'PathNotAllowed',
      `output.directory: ${folder} leads to ${real}, outside ${root}. Name the real folder as output.directory.`,
    );
}

/** What a failure of the file system under the output folder means for the run. */
export function diskError(error: unknown, directory: string): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new RetryableError(
      'NoDiskSpace',
      `output.directory: no space left in ${directory}. Free some; the run goes on by itself.`,
      {
        cause: error,
      },
    );
  if (code !== undefined && UNWRITABLE.includes(code))
    return new FinalError('PathNotAllowed', `output.directory: ${directory} cannot be written (${code}).`, {
      cause: error,
    });
  return error;
}
