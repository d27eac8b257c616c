// How often a 95 % interval of the bootstrap holds a true change of 0, by the way in which questions are drawn together, and into how many
// answers they fall (docs/decisions/2026-11-28-answers-of-the-bootstrap.md). `npm run -s build && node dist/bench/simulate-answers.js`.
const [QUESTIONS, TRIALS, RESAMPLES] = [100, 400, 400];
/** Shared by all questions where it stands; its own change is no matter of chance among them. */
const GENERAL = 1000;

/** By question, its relevant documents. */
type Relevant = number[][];
/** By question, what it is drawn with. */
type Answers = (number | string)[];

let state = 12345;
const fraction = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
const below = (count: number): number => Math.floor(fraction() * count);
const normal = (): number => Math.sqrt(-2 * Math.log(fraction() + 1e-12)) * Math.cos(2 * Math.PI * fraction());
const questions = (documentsOf: (at: number) => number[]): Relevant =>
  Array.from({ length: QUESTIONS }, (_, at) => [...new Set(documentsOf(at))]);
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

/** By name: what each question is drawn with. */
const rules: Record<string, (relevant: Relevant) => Answers> = {
  'each question alone': (relevant) => relevant.map((_, at) => at),
  'identical set': (relevant) => relevant.map((documents) => ordered(documents).join()),
  'least shared': (relevant) => {
    const shares = count(relevant);
    return relevant.map((documents) => bySharing(documents, shares)[0]!);
  },
  'this rule': (relevant) => {
    const shares = count(relevant);
    return relevant.map((documents) => {
      const own = bySharing(documents, shares);
      const few = own.filter((document) => shares.get(document)! <= QUESTIONS / 10);
      return few.reduce((best, next) => (shares.get(next)! > shares.get(best)! ? next : best), few[0] ?? own[0]!);
    });
  },
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

function bySharing(documents: readonly number[], shares: ReadonlyMap<number, number>): number[] {
  return ordered(documents).sort((a, b) => shares.get(a)! - shares.get(b)!);
}

function count(relevant: Relevant): Map<number, number> {
  const shares = new Map<number, number>();
  for (const document of relevant.flat()) shares.set(document, (shares.get(document) ?? 0) + 1);
  return shares;
}

/** Changes of 0 on average: the documents' own, a mean over a question's, and the question's own. */
function changesOf(relevant: Relevant): number[] {
  const own = Array.from({ length: 400 }, normal);
  return relevant.map((documents) => {
    const counted = documents.filter((document) => document !== GENERAL);
    return counted.reduce((sum, document) => sum + own[document]!, 0) / counted.length + normal();
  });
}

/** The answers' sums and sizes, resampled: is 0 in the middle 95 %? */
function trial(changes: readonly number[], answers: Answers): { answers: number; holds: boolean } {
  const sums = new Map<number | string, [number, number]>();
  answers.forEach((answer, at) => {
    const [sum, size] = sums.get(answer) ?? [0, 0];
    sums.set(answer, [sum + changes[at]!, size + 1]);
  });
  const drawn = [...sums.values()];
  const means = Array.from({ length: RESAMPLES }, () => {
    let [sum, size] = [0, 0];
    for (let i = 0; i < drawn.length; i++) {
      const [change, questions] = drawn[below(drawn.length)]!;
      sum += change;
      size += questions;
    }
    return sum / size;
  }).sort((a, b) => a - b);
  return { answers: drawn.length, holds: means[RESAMPLES * 0.025]! <= 0 && means[RESAMPLES * 0.975 - 1]! >= 0 };
}

for (const [name, make] of Object.entries(data)) {
  const found = new Map(Object.keys(rules).map((rule) => [rule, { answers: 0, holds: 0 }]));
  for (let at = 0; at < TRIALS; at++) {
    const relevant = make();
    const changes = changesOf(relevant);
    for (const [rule, answersOf] of Object.entries(rules)) {
      const { answers, holds } = trial(changes, answersOf(relevant));
      const sum = found.get(rule)!;
      sum.answers += answers / TRIALS;
      sum.holds += Number(holds) / TRIALS;
    }
  }
  console.log(name);
  for (const [rule, { answers, holds }] of found) {
    console.log(`  ${rule.padEnd(20)} ${(100 * holds).toFixed(0)} % (${answers.toFixed(1)} answers)`);
  }
}
