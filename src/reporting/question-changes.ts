// Compares two evaluations question by question: which questions were won and lost most, with their texts.
import type { EvaluationDetails, QueryDetail } from '../evaluation/details.js';
import type { QuestionChange, QuestionOutcome } from './report-data.js';

/** How many questions are told of on either side. */
const TOLD = 6;

/**
 * Changes of NDCG@10, one entry a question, rising; and the questions of the greatest gain and loss, ties in the data's order.
 *
 * @param questions texts by index of the question in its retrieval set
 * @param documents texts by index of the document
 */
export function questionChanges(
  before: EvaluationDetails,
  after: EvaluationDetails,
  questions: readonly string[],
  documents: readonly string[],
): { changes: number[]; won: QuestionChange[]; lost: QuestionChange[] } {
  const pairs = before.queries.map((old, i) => ({
    old,
    now: after.queries[i]!,
    change: after.queries[i]!.ndcg - old.ndcg,
  }));
  const told = ({ old, now, change }: { old: QueryDetail; now: QueryDetail; change: number }): QuestionChange => ({
    question: questions[old.query] ?? '',
    // That of the model which did worse: the card compares it with what that model found instead.
    answer: documents[(change >= 0 ? old : now).right] ?? '',
    before: outcome(old, documents),
    after: outcome(now, documents),
  });
  return {
    changes: pairs.map(({ change }) => change).sort((a, b) => a - b),
    won: pairs.filter(({ change }) => change > 0).sort((a, b) => b.change - a.change).slice(0, TOLD).map(told), // prettier-ignore
    lost: pairs.filter(({ change }) => change < 0).sort((a, b) => a.change - b.change).slice(0, TOLD).map(told), // prettier-ignore
  };
}

function outcome({ ndcg, rank, trueScore, top }: QueryDetail, documents: readonly string[]): QuestionOutcome {
  const first = top[0];
  const isFalse = first !== undefined && rank !== 1;
  return {
    ndcg,
    rank,
    trueScore,
    insteadOf: isFalse ? { text: documents[first.document] ?? '', score: first.score } : null,
  };
}
