// Makes the pairs that the small encoder is pre-trained on, from the allowed texts alone: question → paragraph and sentence
// that answer it, sentence → the sentences around it (the inverse cloze task of Lee et al., 2019), half of a sentence's words →
// the sentence, title → paragraph. Every sixth article of SQuAD's development set is held out: its questions are the test,
// over the paragraphs of all articles. Usage: node examples/encoder/make-pairs.mjs [DATA] [FOLDER] (default: ../shared/data and
// examples/encoder/work); writes train.json and test.json there. Nothing is drawn at random: choices follow from text hashes.
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { normaliseQuestion, retrievalFile } from '../retrieval-file.mjs';
import { readCovidPapers, readSquadArticles, readSquadSentences, splitSentences } from './sources.mjs';

/** @typedef {import('../retrieval-file.mjs').Pair} Pair */
/** @typedef {import('./sources.mjs').Article} Article */

const [dataFolder = '../shared/data', folder = 'examples/encoder/work'] = process.argv.slice(2);
const HELD_OUT_EVERY = 6;
/** Sentences a window: about 80 tokens. */
const WINDOW = 3;
const MINIMUM_WORDS = 6;
/** Share of the made pairs (cloze, half of the words, titles) that is kept beside the questions that people asked. */
const MADE_SHARE = 0.3;

/** @param {string} text @returns {number} a fixed number in [0, 1) for a text */
function fraction(text) {
  return createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32;
}

/** @param {string} text */
function wordCount(text) {
  return text.split(' ').length;
}

/**
 * Half of a sentence's words, in their order.
 *
 * @param {string} sentence
 * @returns {string}
 */
function halfOfWords(sentence) {
  const kept = sentence.split(' ').filter((word, index) => fraction(`${index} ${word} ${sentence}`) < 0.5);
  return kept.join(' ');
}

/**
 * Sentences in windows, each sentence as the question for the rest of its window.
 *
 * @param {string[]} sentences
 * @returns {Pair[]}
 */
function clozePairs(sentences) {
  const pairs = [];
  for (let start = 0; start < sentences.length; start += WINDOW) {
    const window = sentences.slice(start, start + WINDOW);
    if (window.length < 2) continue;
    for (const sentence of window) {
      if (wordCount(sentence) < MINIMUM_WORDS) continue;
      // One in five keeps the sentence in its window, so that matching words stay worth something.
      const rest = fraction(sentence) < 0.2 ? window : window.filter((other) => other !== sentence);
      if (rest.length > 0) pairs.push({ question: sentence, answer: rest.join(' ') });
    }
  }
  return pairs;
}

/** @param {string[]} sentences @returns {Pair[]} */
function keywordPairs(sentences) {
  return sentences
    .filter((sentence) => wordCount(sentence) >= 2 * MINIMUM_WORDS)
    .map((sentence) => ({ question: halfOfWords(sentence), answer: sentence }));
}

/**
 * A share of the pairs that are no real questions: with all of them most batches are easy, and questions are learnt more slowly.
 *
 * @param {Pair[]} pairs
 * @returns {Pair[]}
 */
function thinned(pairs) {
  return pairs.filter(({ question, answer }) => fraction(`${question}\n${answer}`) < MADE_SHARE);
}

/** @param {Article} article @returns {Pair[]} */
function articlePairs({ title, paragraphs }) {
  return paragraphs.flatMap(({ text, questions }) => {
    const sentences = splitSentences(text);
    /** @type {string[]} */
    const windows = [];
    for (let start = 0; start < sentences.length; start += WINDOW)
      windows.push(sentences.slice(start, start + WINDOW).join(' '));
    const asked = questions.flatMap(({ question, answer }) => {
      const sentence = sentences.find((one) => one.includes(answer));
      const window = windows.find((one) => one.includes(answer)) ?? text;
      return [window, ...(sentence ? [sentence] : [])].map((found) => ({ question, answer: found }));
    });
    const titled = windows.map((window) => ({ question: title, answer: window }));
    return [...asked, ...thinned([...titled, ...clozePairs(sentences), ...keywordPairs(sentences)])];
  });
}

const articles = await readSquadArticles(dataFolder);
const isHeldOut = (/** @type {number} */ index) => index % HELD_OUT_EVERY === HELD_OUT_EVERY - 1;
const sentencePairs = await readSquadSentences(dataFolder);

/** @type {Map<string, Pair>} */
const train = new Map();
/** @param {Pair[]} pairs */
function add(pairs) {
  for (const { question, answer } of pairs) {
    if (normaliseQuestion(question) === '' || question === answer) continue;
    train.set(`${question}\n${answer}`, { question, answer });
  }
}
articles.forEach((article, index) => {
  if (!isHeldOut(index)) add(articlePairs(article));
});
add(sentencePairs.map(({ question, sentence }) => ({ question, answer: sentence })));
add(thinned(keywordPairs([...new Set(sentencePairs.map(({ sentence }) => sentence))])));
for (const paper of await readCovidPapers(dataFolder)) add(articlePairs(paper));

const test = articles
  .filter((_, index) => isHeldOut(index))
  .flatMap(({ paragraphs }) =>
    paragraphs.flatMap(({ text, questions }) => questions.map(({ question }) => ({ question, answer: text }))),
  );
const asked = new Set(test.map(({ question }) => normaliseQuestion(question)));
const trainPairs = [...train.values()].filter(({ question }) => !asked.has(normaliseQuestion(question)));
const documents = articles.flatMap(({ paragraphs }) => paragraphs.map(({ text }) => text));

await mkdir(folder, { recursive: true });
const trainFile = retrievalFile(trainPairs);
const testFile = retrievalFile(test, documents);
await writeFile(join(folder, 'train.json'), JSON.stringify(trainFile));
await writeFile(join(folder, 'test.json'), JSON.stringify(testFile));
console.log(
  `${folder}: ${trainPairs.length} training pairs, ${Object.keys(trainFile.corpus).length} documents; ` +
    `${Object.keys(testFile.queries).length} held-out questions over ${Object.keys(testFile.corpus).length} paragraphs`,
);
