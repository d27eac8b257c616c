// A language of made-up words, for tests in which a model has to get better: what says "ka" in a question says "zu" in its answer. A
// model learns the words that it meets, so more words are more to learn, and known words in new sentences are not.

const ASKED = ['ka', 'lo', 'mi', 'ne', 'pu', 'ra', 'se', 'ti', 'vo', 'wa'];
const ANSWERED = ['zu', 'yo', 'xe', 'wi', 'va', 'us', 'to', 'sa', 'ri', 'qe'];

/** Every word of both sides. */
export const MADE_UP_WORDS = [...ASKED, ...ANSWERED];

/** A pair for every three of the first `words` words; at most ten. */
export function madeUpPairs(words: number): { question: string; answer: string }[] {
  const pairs: { question: string; answer: string }[] = [];
  for (let a = 0; a < words; a++) {
    for (let b = a + 1; b < words; b++) {
      for (let c = b + 1; c < words; c++) {
        const say = (side: readonly string[]): string => [a, b, c].map((word) => side[word]).join(' ');
        pairs.push({ question: say(ASKED), answer: say(ANSWERED) });
      }
    }
  }
  return pairs;
}
