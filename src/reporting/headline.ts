// The top of the report: did it help, by how much, and how sure is that, in words that need no statistics.
import type { Verdict } from '../spec/evaluation-stages.js';
import { mayBeChance } from '../spec/figures.js';
import { count, metric, metricLabel, plural, signed } from './format.js';
import { html, trusted, type Html } from './html.js';
import type { ReportData } from './report-data.js';

const WORDS = {
  improved: { badge: 'Improved', mark: '▲' },
  unclear: { badge: 'Unclear', mark: '◆' },
  worse: { badge: 'Worse', mark: '▼' },
} as const;

/** Title, verdict and the main figures. */
export function headline(data: ReportData): Html {
  const { verdict, metrics, topK } = data;
  const { badge, mark } = WORDS[verdict.verdict];
  return html`<header>
    <p class="over">Fine-tuning report</p>
    <h1>${data.name}</h1>
    <p class="over">
      ${data.baseModel} fine-tuned on ${data.dataset} ${data.madeAt !== undefined && ` · ${data.madeAt.slice(0, 10)}`}
    </p>
    <div class="verdict ${verdict.verdict}">
      <p class="badge"><span aria-hidden="true">${mark}</span> ${badge}</p>
      <p class="lead">${sentence(data)}</p>
      ${intervalPlot(verdict)}
      <p class="fine">${certainty(data)}</p>
    </div>
    <ul class="tiles">
      ${['ndcg@10', `hit_rate@${topK}`, 'accuracy@1', 'mrr@10', 'recall@10'].map((key) =>
        tile(metricLabel(key), metrics.before[key] ?? 0, metrics.after[key] ?? 0),
      )}
    </ul>
  </header>`;
}

/** The verdict as one sentence. */
export function sentence({ verdict, metrics, test, topK }: ReportData): string {
  const [before, after] = [metrics.before['ndcg@10'] ?? 0, metrics.after['ndcg@10'] ?? 0];
  const change = `NDCG@10 ${metric(before)} → ${metric(after)}`;
  const hits = (share: number): string => count(share * test.questions);
  const found = `The right passage is among the first ${topK} for ${hits(metrics.after[`hit_rate@${topK}`] ?? 0)} of ${plural(test.questions, 'test question')}; before it was for ${hits(metrics.before[`hit_rate@${topK}`] ?? 0)}.`;
  switch (verdict.verdict) {
    case 'improved':
      return `The tuned model finds the right passage better than the base model: ${change}. ${found}`;
    case 'worse':
      return `The tuned model finds the right passage worse than the base model: ${change}. Keep the base model. ${found}`;
    case 'unclear':
      return `Whether the tuned model is better cannot be told from these test questions: ${change}. ${found}`;
  }
}

function certainty({ verdict, test }: ReportData): string {
  const [low, high] = verdict.interval;
  const interval = `The change is ${signed(verdict.difference)}; with 95 % confidence it lies between ${signed(low)} and ${signed(high)}`;
  const meaning = {
    improved: ', so chance alone does not explain it.',
    worse: ', so chance alone does not explain it.',
    unclear: mayBeChance(verdict) ? ', so it may be chance.' : ', but the test set has too few answers to decide.',
  }[verdict.verdict];
  return `${interval}${meaning} (Paired bootstrap over ${plural(test.answers, 'test answer')} with all their questions, ${count(verdict.resamples)} resamples.)`;
}

function tile(label: string, before: number, after: number): Html {
  return html`<li>
    <span class="label">${label}</span>
    <span class="value"
      ><span class="before">${metric(before)}</span> <span aria-label="to">→</span> <b>${metric(after)}</b></span
    >
    <span class="delta ${after > before ? 'up' : after < before ? 'down' : ''}">${signed(after - before)}</span>
  </li>`;
}

/** The interval on a line with zero marked: left of it is worse, right of it better. */
function intervalPlot({ difference, interval: [low, high] }: Verdict): Html {
  const reach = Math.max(Math.abs(low), Math.abs(high), 0.01) * 1.25;
  const x = (value: number): string => (200 + (190 * value) / reach).toFixed(1);
  return trusted(`<svg class="interval" role="img" viewBox="0 0 400 52" aria-hidden="true">
    <line x1="10" x2="390" y1="18" y2="18" stroke="var(--line)" stroke-width="2"/>
    <line x1="200" x2="200" y1="6" y2="30" stroke="var(--muted)" stroke-width="1.5"/>
    <line x1="${x(low)}" x2="${x(high)}" y1="18" y2="18" stroke="currentColor" stroke-width="6" stroke-linecap="round"/>
    <circle cx="${x(difference)}" cy="18" r="7" fill="currentColor" stroke="var(--card)" stroke-width="2"/>
    <text x="200" y="46" text-anchor="middle">no change</text>
    <text x="10" y="46">worse</text><text x="390" y="46" text-anchor="end">better</text>
  </svg>`);
}
