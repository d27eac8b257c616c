// Reads the texts that the small encoder may learn from, as they lie in ../shared/data: SQuAD 1.1's development set and the
// question/sentence pairs made from its training set (both CC BY-SA 4.0), and the papers of COVID-QA (Apache-2.0) whose own
// line says CC BY. Everything else there is left alone: its licence does not allow weights made from it to be passed on.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** @typedef {{ question: string, answer: string }} Question */
/** @typedef {{ text: string, questions: Question[] }} Paragraph */
/** @typedef {{ title: string, paragraphs: Paragraph[] }} Article */
/** @typedef {{ qas: { question: string, answers: { text: string }[] }[], context: string }} SquadParagraph */
/** @typedef {{ data: { title?: string, paragraphs: SquadParagraph[] }[] }} SquadFile */

/**
 * The articles of SQuAD 1.1's development set.
 *
 * @param {string} dataFolder
 * @returns {Promise<Article[]>}
 */
export async function readSquadArticles(dataFolder) {
  const file = await readSquadFile(join(dataFolder, 'squad-dev', 'dev-1.1.rebuilt.json'));
  return file.data.map((article) => ({
    title: (article.title ?? '').replaceAll('_', ' '),
    paragraphs: article.paragraphs.map((paragraph) => ({
      text: paragraph.context,
      questions: paragraph.qas.map(({ question, answers }) => ({ question, answer: answers[0]?.text ?? '' })),
    })),
  }));
}

/**
 * Question/sentence pairs from articles of SQuAD 1.1's training set, the Stanford tokens put back into plain text.
 *
 * @param {string} dataFolder
 * @returns {Promise<{ question: string, sentence: string }[]>}
 */
export async function readSquadSentences(dataFolder) {
  const [sentences, questions] = await Promise.all(
    ['src-test.txt', 'tgt-test.txt'].map(async (name) => {
      const lines = (await readFile(join(dataFolder, 'squad-sentences', name), 'utf8')).trimEnd().split('\n');
      return lines.map(plainText);
    }),
  );
  if (!sentences || !questions || sentences.length !== questions.length) {
    throw new Error(
      `squad-sentences: as many questions as sentences are needed, got ${questions?.length} and ${sentences?.length}`,
    );
  }
  return sentences.map((sentence, index) => ({ question: questions[index] ?? '', sentence }));
}

/**
 * The papers of COVID-QA that are under CC BY: title, and paragraphs with the questions whose answer lies in them.
 *
 * @param {string} dataFolder
 * @returns {Promise<Article[]>}
 */
export async function readCovidPapers(dataFolder) {
  const file = await readSquadFile(join(dataFolder, 'covid', '200423_covidQA.json'));
  return file.data.flatMap((paper) =>
    paper.paragraphs
      .filter(({ context }) => /^License: ?cc-by$/m.test(context))
      .map(({ context, qas }) => {
        const [title = '', ...blocks] = context.split('\n\n').map((block) => block.trim());
        const texts = blocks
          .map((block) => block.replace(/^(Abstract|Text): /, ''))
          .filter((block) => block.length >= 80 && !/^(https?:|SHA:|Authors:|Date:|DOI:|License:)/.test(block));
        const paragraphs = texts.map((text) => ({
          text,
          questions: qas
            .map(({ question, answers }) => ({ question, answer: (answers[0]?.text ?? '').trim() }))
            .filter(({ answer }) => answer.length > 1 && text.includes(answer)),
        }));
        return { title, paragraphs };
      }),
  );
}

/**
 * Splits English prose into sentences at a full stop, question or exclamation mark that a capital, digit or quote follows;
 * initials and the commonest abbreviations do not end one.
 *
 * @param {string} text
 * @returns {string[]}
 */
export function splitSentences(text) {
  return text
    .replace(/\s+/g, ' ')
    .trim()
    .split(
      /(?<=[.!?]["'”’)\]]*)(?<!\b(?:[A-Z]|Dr|Mr|Mrs|Ms|St|vs|No|Fig|Figs|al|e\.g|i\.e|cf|etc|approx)\.) (?=["'“‘([]?[A-Z0-9])/,
    )
    .filter((sentence) => sentence.length > 0);
}

/** @param {string} path @returns {Promise<SquadFile>} */
async function readSquadFile(path) {
  /** @type {unknown} */
  const file = JSON.parse(await readFile(path, 'utf8'));
  return /** @type {SquadFile} */ (file);
}

/** @param {string} tokens @returns {string} */
function plainText(tokens) {
  return tokens
    .trim()
    .replaceAll('-lrb- ', '(')
    .replaceAll(' -rrb-', ')')
    .replaceAll('-lsb- ', '[')
    .replaceAll(' -rsb-', ']')
    .replace(/`` ?/g, '"')
    .replace(/ ?''/g, '"')
    .replace(/ n't\b/g, "n't")
    .replace(/ ('(?:s|re|ve|ll|d|m)\b|[.,;:?!%])/g, '$1');
}
