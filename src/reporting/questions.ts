// The questions that changed most, with their texts: where a reader sees what the figures mean.
import { excerpt, signed } from './format.js';
import { html, type Html } from './html.js';
import type { QuestionChange, QuestionOutcome, ReportData } from './report-data.js';

const TEXT_LENGTH = 420;

/** Two lists of cards: won most, lost most. */
export function questions({ won, lost }: ReportData): Html {
  return html`<h3>Won most</h3>
    ${
      won.length > 0
        ? html`<ol class="cards">
            ${won.map(card)}
          </ol>`
        : html`<p>No question got better.</p>`
    }
    <h3>Lost most</h3>
    ${
      lost.length > 0
        ? html`<ol class="cards">
            ${lost.map(card)}
          </ol>`
        : html`<p>No question got worse.</p>`
    }`;
}

function card({ question, answer, before, after }: QuestionChange): Html {
  const change = after.ndcg - before.ndcg;
  const failed = change >= 0 ? before : after;
  return html`<li>
    <p class="question" dir="auto">${excerpt(question, TEXT_LENGTH)}</p>
    <p class="ranks">
      right passage: rank ${rank(before)} <span aria-label="then">→</span> <b>${rank(after)}</b>
      <span class="delta ${change >= 0 ? 'up' : 'down'}">${signed(change)}</span>
    </p>
    <dl>
      <dt>Right passage</dt>
      <dd dir="auto">${excerpt(answer, TEXT_LENGTH)}</dd>
      ${
        failed.insteadOf &&
        html`<dt>${change >= 0 ? 'First before' : 'First now'}, instead</dt>
          <dd dir="auto" class="instead">${excerpt(failed.insteadOf.text, TEXT_LENGTH)}</dd>
          <dd class="fine">
            cosine ${failed.insteadOf.score.toFixed(3)} against ${failed.trueScore.toFixed(3)} of the right passage
          </dd>`
      }
    </dl>
  </li>`;
}

function rank({ rank: found }: QuestionOutcome): string {
  return found === null ? 'beyond 100' : String(found);
}
