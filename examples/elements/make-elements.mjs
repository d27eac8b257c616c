// Writes the quickstart's data from the table of the elements: train.json and test.json (EmbeddingQAFinetuneDataset) and
// elements-pairs.jsonl (the same facts as rows of `question` and `answer`), and of the first and the last elements alone, as two datasets for
// a chain, light-elements.jsonl and heavy-elements.jsonl. Training asks each fact in two phrasings, the test in
// one that training has for no fact, and some in everyday words. Usage: node examples/elements/make-elements.mjs [FOLDER] (default: beside this file).
// Nothing is drawn at random: a fact's phrasings go round with its place in the list.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { normaliseQuestion, retrievalFile } from '../retrieval-file.mjs';
import { elementFacts } from './facts.mjs';
import { fill, KINDS, placeholders } from './phrasings.mjs';
import { SPOKEN_QUESTIONS } from './spoken-questions.mjs';

/** @typedef {import('../retrieval-file.mjs').Pair} Pair */
/** @typedef {import('./facts.mjs').Fact} Fact */

const TRAIN_PHRASINGS = 2;
/** The light ones reach to zinc, the heavy ones begin with actinium. */
const [LAST_LIGHT, FIRST_HEAVY] = [30, 89];

/**
 * Makes the training and test pairs of all facts, or of those about some elements: the same pairs as among all.
 *
 * @param {(element: Fact['element']) => boolean} isChosen
 * @returns {{ train: Pair[], test: Pair[] }}
 */
export function elementPairs(isChosen = () => true) {
  const facts = elementFacts();
  const asked = countQuestions(facts);
  /** @type {Map<string, number>} how many facts of a kind came before */
  const seen = new Map();
  /** @type {{ train: Pair[], test: Pair[] }} */
  const pairs = { train: [], test: [] };
  for (const fact of facts) {
    const { kind, values, element } = fact;
    const place = seen.get(kind) ?? 0;
    seen.set(kind, place + 1);
    if (!isChosen(element)) continue;
    const { statements, train, test } = KINDS[kind];
    const answer = fill(pick(statements, place), values);
    /** @param {readonly string[]} phrasings questions that no other fact shares */
    const own = (phrasings) =>
      phrasings.map((phrasing) => fill(phrasing, values)).filter((one) => asked.get(normaliseQuestion(one)) === 1);
    const trainQuestions = own(train);
    for (let index = 0; index < TRAIN_PHRASINGS; index += 1) {
      // Neighbouring facts share no pair of phrasings, so that every phrasing meets every other.
      const step = index === 0 ? 0 : 1 + (Math.floor(place / trainQuestions.length) % (trainQuestions.length - 1));
      pairs.train.push({ question: pick(trainQuestions, place + step), answer });
    }
    pairs.test.push({ question: pick(own(test), place), answer });
    for (const { symbol, kind: spokenKind, question } of SPOKEN_QUESTIONS) {
      if (symbol === values['symbol'] && spokenKind === kind) pairs.test.push({ question, answer });
    }
  }
  return pairs;
}

/**
 * The contents of the files, by name.
 *
 * @returns {Record<string, string>}
 */
export function elementFiles() {
  const { train, test } = elementPairs();
  return {
    'train.json': `${JSON.stringify(retrievalFile(train), null, 1)}\n`,
    'test.json': `${JSON.stringify(retrievalFile(test), null, 1)}\n`,
    'elements-pairs.jsonl': rowsOf({ train, test }),
    'light-elements.jsonl': rowsOf(elementPairs(({ number }) => number <= LAST_LIGHT)),
    'heavy-elements.jsonl': rowsOf(elementPairs(({ number }) => number >= FIRST_HEAVY)),
  };
}

/** @param {{ train: Pair[], test: Pair[] }} pairs @returns {string} as JSON Lines */
function rowsOf({ train, test }) {
  return [...train, ...test].map((pair) => `${JSON.stringify(pair)}\n`).join('');
}

/** @param {Fact[]} facts @returns {Map<string, number>} for how many facts a normalised question stands */
function countQuestions(facts) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { kind, values } of facts) {
    for (const phrasing of [...KINDS[kind].train, ...KINDS[kind].test]) {
      if (placeholders(phrasing).some((key) => values[key] === '')) continue;
      const question = normaliseQuestion(fill(phrasing, values));
      counts.set(question, (counts.get(question) ?? 0) + 1);
    }
  }
  return counts;
}

/** @param {readonly string[]} list @param {number} index */
function pick(list, index) {
  return /** @type {string} */ (list[index % list.length]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2] ?? fileURLToPath(new URL('.', import.meta.url));
  for (const [name, content] of Object.entries(elementFiles())) writeFileSync(join(folder, name), content);
  const { train, test } = elementPairs();
  console.log(
    `${folder}: ${train.length} training pairs, ${test.length} test questions, ${new Set(test.map(({ answer }) => answer)).size} documents`,
  );
}
