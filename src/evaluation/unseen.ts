// Two models on the questions that neither was trained on. A question may have come into the test part since: its answer was edited, so
// that the split, which follows from the answer, puts it elsewhere; or the files were given. Each question was scored on its own
// against all documents, so leaving one out afterwards is the same as never having asked it.
import type { ArtifactStore } from '../artifacts/store.js';
import { questionKey, questionsOf, readTrainedQuestions } from '../dataset/trained-questions.js';
import type { Verdict } from '../spec/evaluation-stages.js';
import type { ArtifactRef } from '../spec/stages.js';
import { readDetails, type EvaluationDetails } from './details.js';
import { compareEvaluations, type VerdictContext } from './verdict.js';

/** What {@link compareOnUnseen} takes. */
export interface UnseenOptions {
  /** Evaluations of the test part of the same retrieval set. */
  before: ArtifactRef;
  after: ArtifactRef;
  retrieval: ArtifactRef;
  /** `trained-questions` of both models. */
  trainedOn: ArtifactRef;
}

/**
 * The verdict over the test questions that neither model was trained on.
 *
 * @returns no verdict when none is left.
 */
export async function compareOnUnseen(
  store: ArtifactStore,
  { before, after, retrieval, trainedOn }: UnseenOptions,
  context: VerdictContext = {},
): Promise<{ verdict?: Verdict; questions: number; dropped: number }> {
  const seen = await readTrainedQuestions(store, trainedOn);
  const texts = await questionsOf(store, retrieval, 'test');
  const unseen = (details: EvaluationDetails): EvaluationDetails => ({
    ...details,
    queries: details.queries.filter(({ query }) => !seen.has(questionKey(texts[query] ?? ''))),
  });
  const [all, candidate] = [await readDetails(store, before), await readDetails(store, after)];
  const kept = unseen(all);
  const questions = kept.queries.length;
  return {
    questions,
    dropped: all.queries.length - questions,
    ...(questions > 0 && { verdict: await compareEvaluations(kept, unseen(candidate), context) }),
  };
}
