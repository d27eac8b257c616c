// How often a 95 % interval of the bootstrap holds a true change of 0, by the way in which questions are drawn together, and into how many
// answers they fall (docs/decisions/2026-11-28-answers-of-the-bootstrap.md). `npm run -s build && node dist/bench/simulate-answers.js`.
import { answersOf } from '../src/evaluation/evaluate-retrieval.js';
import { pairedBootstrap } from '../src/evaluation/verdict.js';
import { randomStream } from '../src/random.js';

const [QUESTIONS, TRIALS, RESAMPLES] = [100, 400, 400];
/** Shared by all questions where it stands; its own change is no matter of chance among them. */
const GENERAL = 1000;

/** By question, its relevant documents. */
type Relevant = number[][];

const random = randomStream(12345);
const below = (count: number): number => random.below(count);
const normal = (): number =>
  Math.sqrt(-2 * Math.log(random.fraction() + 1e-12)) * Math.cos(2 * Math.PI * random.fraction());
const questions = (documentsOf: (at: number) => number[]): Relevant =>
  Array.from({ length: QUESTIONS }, (_, at) => ordered([...new Set(documentsOf(at))]));
const some = (count: number, of: number) => (): number[] => Array.from({ length: count }, () => below(of));

/** By name: the relevant documents of each question. */
const data: Record<string, () => Relevant> = {
  '10 documents, 10 questions each': () => questions((at) => [Math.floor(at / 10)]),
  '4 random documents of 300': () => questions(some(4, 300)),
  '2 random documents of 120': () => questions(some(2, 120)),
  'one of 25 documents, and one that all share': () => questions((at) => [GENERAL, at % 25]),
  'one of 30, every fifth question two of them': () =>
    questions((at) => {
      const first = below(30);
      return at % 5 ? [first] : [first, (first + 1) % 30];
    }),
  'articles of two documents, 5 questions each, every third needs one alone': () =>
    questions((at) => {
      const article = Math.floor(at / 5);
      return at % 3 ? [2 * article, 2 * article + 1] : [2 * article];
    }),
  '4 random documents of 40': () => questions(some(4, 40)),
};

/** By name: the number of the answer that each question is drawn with. */
const rules: Record<string, (relevant: Relevant) => number[]> = {
  'each question alone': (relevant) => relevant.map((_, at) => at),
  'identical set': (relevant) => {
    const sets = [...new Set(relevant.map(String))];
    return relevant.map((documents) => sets.indexOf(String(documents)));
  },
  'least shared': (relevant) => {
    const shares = new Map<number, number>();
    for (const document of relevant.flat()) shares.set(document, (shares.get(document) ?? 0) + 1);
    return relevant.map((documents) => documents.reduce((a, b) => (shares.get(b)! < shares.get(a)! ? b : a)));
  },
  'this rule': (relevant) => answersOf(relevant.map((documents) => Int32Array.from(documents))),
  connected: (relevant) => {
    const parents = new Map<number, number>();
    const root = (document: number): number => {
      const parent = parents.get(document);
      return parent === undefined ? document : root(parent);
    };
    for (const documents of relevant) {
      for (const document of documents) {
        const [a, b] = [root(documents[0]!), root(document)];
        if (a !== b) parents.set(Math.max(a, b), Math.min(a, b));
      }
    }
    return relevant.map(([first]) => root(first!));
  },
};

function ordered(documents: readonly number[]): number[] {
  return [...documents].sort((a, b) => a - b);
}

/** Changes of 0 on average: the documents' own, a mean over a question's, and the question's own. */
function changesOf(relevant: Relevant): number[] {
  const own = Array.from({ length: 400 }, normal);
  return relevant.map((documents) => {
    const counted = documents.filter((document) => document !== GENERAL);
    return counted.reduce((sum, document) => sum + own[document]!, 0) / counted.length + normal();
  });
}

for (const [name, make] of Object.entries(data)) {
  const found = new Map(Object.keys(rules).map((rule) => [rule, { answers: 0, holds: 0 }]));
  for (let seed = 0; seed < TRIALS; seed++) {
    const relevant = make();
    const after = changesOf(relevant);
    const before = after.map(() => 0);
    for (const [rule, clustersOf] of Object.entries(rules)) {
      const clusters = clustersOf(relevant);
      const { interval } = await pairedBootstrap({ before, after, clusters, seed, resamples: RESAMPLES });
      const sum = found.get(rule)!;
      sum.answers += new Set(clusters).size / TRIALS;
      sum.holds += Number(interval[0] <= 0 && interval[1] >= 0) / TRIALS;
    }
  }
  console.log(name);
  for (const [rule, { answers, holds }] of found) {
    console.log(`  ${rule.padEnd(20)} ${(100 * holds).toFixed(0)} % (${answers.toFixed(1)} answers)`);
  }
}
