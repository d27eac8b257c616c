// Makes the small encoder's tokenizer: counts the words of the allowed texts, trains a WordPiece vocabulary and writes the
// files that transformers and transformers.js read. Usage: node examples/encoder/make-tokenizer.mjs [DATA] [FOLDER]
// (default: ../shared/data and examples/encoder/work/tokenizer). Same texts, same bytes.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bertWords } from './bert-words.mjs';
import { readCovidPapers, readSquadArticles, readSquadSentences } from './sources.mjs';
import { tokenizerFiles } from './tokenizer-files.mjs';
import { trainWordPiece } from './wordpiece-trainer.mjs';

const [dataFolder = '../shared/data', folder = 'examples/encoder/work/tokenizer'] = process.argv.slice(2);
const VOCABULARY_SIZE = 8000;
const MAX_LENGTH = 128;
/** The papers are half of all text, and about one subject: they count for a fifth, so that general English fills the vocabulary. */
const WEIGHTS = { squad: 5, sentences: 5, covid: 1 };

/** @type {Map<string, number>} */
const counts = new Map();

/** @param {string} text @param {number} weight */
function count(text, weight) {
  for (const word of bertWords(text)) counts.set(word, (counts.get(word) ?? 0) + weight);
}

for (const { title, paragraphs } of await readSquadArticles(dataFolder)) {
  count(title, WEIGHTS.squad);
  for (const { text, questions } of paragraphs) {
    count(text, WEIGHTS.squad);
    for (const { question } of questions) count(question, WEIGHTS.squad);
  }
}
const pairs = await readSquadSentences(dataFolder);
for (const sentence of new Set(pairs.map((pair) => pair.sentence))) count(sentence, WEIGHTS.sentences);
for (const { question } of pairs) count(question, WEIGHTS.sentences);
for (const { title, paragraphs } of await readCovidPapers(dataFolder)) {
  count(title, WEIGHTS.covid);
  for (const { text, questions } of paragraphs) {
    count(text, WEIGHTS.covid);
    for (const { question } of questions) count(question, WEIGHTS.covid);
  }
}

const specialTokens = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
const vocabulary = trainWordPiece(counts, { size: VOCABULARY_SIZE, specialTokens });
await mkdir(folder, { recursive: true });
for (const [name, content] of Object.entries(tokenizerFiles({ vocabulary, maxLength: MAX_LENGTH }))) {
  await writeFile(join(folder, name), content);
}
console.log(`${folder}: ${vocabulary.length} pieces from ${counts.size} different words`);
