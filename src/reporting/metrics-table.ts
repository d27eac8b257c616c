// Every figure before and after, and what plain word matching reaches on the same questions.
import { standardMetrics } from '../evaluation/metrics/standard-metrics.js';
import { count, metric, metricLabel, signed } from './format.js';
import { html, type Html } from './html.js';
import type { ReportData } from './report-data.js';

/** The table of metrics with the line on BM25 above it. */
export function metricsTable({ metrics, bm25, bm25Questions, topK }: ReportData): Html {
  const keys = standardMetrics(topK).flatMap(([name, , cutoffs]) => cutoffs.map((k) => `${name}@${k}`));
  const known = keys.filter((key) => metrics.before[key] !== undefined && metrics.after[key] !== undefined);
  return html`${bm25 && html`<p class="note">${bm25Sentence(bm25['ndcg@10'] ?? 0, metrics.after['ndcg@10'] ?? 0, bm25Questions)}</p>`}
    <div class="scroll">
      <table class="figures">
        <caption>
          Test questions, by the definitions of sentence-transformers' InformationRetrievalEvaluator
        </caption>
        <thead>
          <tr>
            <th scope="col">Metric</th>
            <th scope="col">Before</th>
            <th scope="col">After</th>
            <th scope="col">Change</th>
            ${bm25 && html`<th scope="col">BM25</th>`}
          </tr>
        </thead>
        <tbody>
          ${known.map((key) => row(key, metrics.before[key]!, metrics.after[key]!, bm25?.[key]))}
        </tbody>
      </table>
    </div>`;
}

/** What the comparison with BM25 means, said plainly; `sampled`: of how many questions BM25's figure is, when not of all. */
export function bm25Sentence(bm25: number, tuned: number, sampled?: number): string {
  const [where, of] =
    sampled === undefined
      ? ['On the same questions', '']
      : [`On ${count(sampled)} of the questions, drawn at random,`, ' on all of them'];
  const both = `${where} plain word matching (BM25) reaches NDCG@10 ${metric(bm25)}, the tuned model ${metric(tuned)}${of}`;
  if (tuned > bm25 + 0.005) return `${both}: the model finds more than word matching does.`;
  if (tuned < bm25 - 0.005) {
    return `${both}: here word matching finds more. That is common when questions copy the words of their passages, as written or generated questions often do. Compare both on questions your users really asked, and consider combining the two.`;
  }
  return `${both}: on these questions they are about equal. Consider combining the two.`;
}

function row(key: string, before: number, after: number, bm25: number | undefined): Html {
  return html`<tr>
    <th scope="row">${metricLabel(key)}</th>
    <td>${metric(before)}</td>
    <td><b>${metric(after)}</b></td>
    <td class="${after > before ? 'up' : after < before ? 'down' : ''}">${signed(after - before)}</td>
    ${bm25 !== undefined && html`<td>${metric(bm25)}</td>`}
  </tr>`;
}
