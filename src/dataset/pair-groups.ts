// What must stay in one part: pairs that share a question or an answer, and whatever hangs on these in turn (the connected components of
// the graph of questions and answers). Union–find over the answers' numbers, in typed arrays.
// Source: https://en.wikipedia.org/wiki/Disjoint-set_data_structure (linking by random order, path halving)
import { KeyTable } from './key-table.js';

/** Pairs of groups too large for a part, of so many that it could have been made of. */
export interface TooLarge {
  pairs: number;
  total: number;
}

/** Groups of question–answer pairs; texts are given in the form in which equal ones count as the same. */
export class PairGroups {
  private readonly questions: KeyTable;
  private readonly answers: KeyTable;
  /** By question: its first answer. */
  private readonly firstAnswer: Int32Array;
  /** By answer: itself, or one of its group whose hash comes before its own. */
  private readonly parents: Int32Array;
  private readonly pairsOfQuestion: Int32Array;
  private readonly pairsOfAnswer: Int32Array;

  /** @param capacity At most so many pairs and answers without a question. */
  constructor(capacity: number) {
    this.questions = new KeyTable(capacity);
    this.answers = new KeyTable(capacity);
    this.firstAnswer = new Int32Array(capacity);
    this.parents = new Int32Array(capacity);
    this.pairsOfQuestion = new Int32Array(capacity);
    this.pairsOfAnswer = new Int32Array(capacity);
  }

  /** How many different answers there are; their numbers are below. */
  get answerCount(): number {
    return this.answers.size;
  }

  /** Adds a pair; returns the answer's number. */
  add(question: string, answer: string): number {
    const number = this.addAnswer(answer);
    this.ask(question, number);
    return number;
  }

  /** Adds a pair of a question and an answer that was added before. */
  ask(question: string, answer: number): void {
    const asked = this.questions.size;
    const id = this.questions.add(question);
    if (id === asked) this.firstAnswer[id] = answer;
    else this.link(this.firstAnswer[id]!, answer);
    this.pairsOfQuestion[id]!++;
    this.pairsOfAnswer[answer]!++;
  }

  /** Adds an answer, of which no pair need be; returns its number. */
  addAnswer(answer: string): number {
    const answered = this.answers.size;
    const id = this.answers.add(answer);
    if (id === answered) this.parents[id] = id;
    return id;
  }

  /** The answer that stands for the whole group of another: the one whose hash comes first. */
  keyOf(answer: number): number {
    let at = answer;
    while (this.parents[at] !== at) {
      this.parents[at] = this.parents[this.parents[at]!]!;
      at = this.parents[at]!;
    }
    return at;
  }

  /** An answer of this question; undefined for a question that no pair has. */
  answerTo(question: string): number | undefined {
    const id = this.questions.find(question);
    return id === undefined ? undefined : this.firstAnswer[id];
  }

  /** How many pairs the commonest question and the commonest answer stand in. */
  commonest(): { question: number; answer: number } {
    const most = (counts: Int32Array): number => counts.reduce((best, count) => Math.max(best, count), 0);
    return { question: most(this.pairsOfQuestion), answer: most(this.pairsOfAnswer) };
  }

  /**
   * Moves whole groups from training into a part: those whose key the part has drawn. A group that several answers make up and that
   * holds more than `ratio` of the pairs (and more than groups do on average, as few ones all may) stays.
   *
   * @param parts [answers] by answer the number of its group's part, 0 = training; changed in place.
   * @param drawn [answers] by answer: above 0 where its own hash is below `ratio`.
   */
  take(part: number, ratio: number, parts: Uint8Array, drawn: Uint8Array): TooLarge {
    const count = this.answerCount;
    const pairs = new Int32Array(count);
    const answers = new Int32Array(count);
    const tooLarge: TooLarge = { pairs: 0, total: 0 };
    let groups = 0;
    for (let answer = 0; answer < count; answer++) {
      if (parts[answer] !== 0) continue;
      const key = this.keyOf(answer);
      const own = this.pairsOfAnswer[answer]!;
      if (pairs[key] === 0 && own > 0) groups++;
      pairs[key]! += own;
      answers[key]!++;
      tooLarge.total += own;
    }
    const most = Math.max(ratio * tooLarge.total, groups > 1 ? tooLarge.total / groups : 0);
    for (let answer = 0; answer < count; answer++) {
      if (parts[answer] !== 0) continue;
      const key = this.keyOf(answer);
      if (answers[key]! > 1 && pairs[key]! > most) tooLarge.pairs += this.pairsOfAnswer[answer]!;
      else if (drawn[key]! > 0) parts[answer] = part;
    }
    return tooLarge;
  }

  private link(a: number, b: number): void {
    const [left, right] = [this.keyOf(a), this.keyOf(b)];
    if (left === right) return;
    if (this.answers.isBefore(left, right)) this.parents[right] = left;
    else this.parents[left] = right;
  }
}
