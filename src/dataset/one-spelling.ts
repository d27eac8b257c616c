// One spelling an answer: answers that differ in white space alone are read as the first of them is written. As two documents, each would
// count as a wrong answer to the other's question.
import { spaced } from './content-hash.js';
import { KeyTable } from './key-table.js';
import { readPairs, type Pair } from './pairs.js';

/** Reads a part's pairs in batches, from the start each time that it is called. */
export type ReadPairs = () => AsyncGenerator<Pair[]>;

/** Number of a spelling that is evenly spaced already. */
const EVEN = -1;

/** Finds the answers of a part that are spelled in several ways, without keeping texts. */
export class Spellings {
  private readonly forms: KeyTable;
  private readonly spellings: KeyTable;
  /** By form: the number of its first spelling. */
  private readonly first: Int32Array;
  /** By later spelling: its form. */
  private readonly later = new Map<string, number>();

  /** @param count At most so many answers. */
  constructor(count: number) {
    this.forms = new KeyTable(count);
    this.spellings = new KeyTable(count);
    this.first = new Int32Array(count);
  }

  /** Takes note of an answer; called with all of a part, in order. */
  see(answer: string): void {
    const known = this.forms.size;
    const text = spaced(answer);
    const form = this.forms.add(text);
    const spelling = answer === text ? EVEN : this.spellings.add(answer);
    if (form === known) this.first[form] = spelling;
    else if (this.first[form] !== spelling) this.later.set(answer, form);
  }

  /** Reads the part whose answers were seen, each answer as its first pair writes it. */
  async reader(path: string): Promise<ReadPairs> {
    if (this.later.size === 0) return () => readPairs(path);
    const first = await this.firstSpellings(path);
    return async function* () {
      for await (const batch of readPairs(path)) {
        yield batch.map(({ question, answer }) => ({ question, answer: first.get(answer) ?? answer }));
      }
    };
  }

  /** By later spelling the first one. */
  private async firstSpellings(path: string): Promise<Map<string, string>> {
    const wanted = new Set(this.later.values());
    const texts = new Map<number, string>();
    for await (const batch of readPairs(path)) {
      for (const { answer } of batch) {
        const form = this.forms.find(spaced(answer)) ?? 0;
        if (wanted.has(form) && !texts.has(form)) texts.set(form, answer);
      }
      if (texts.size === wanted.size) break;
    }
    return new Map([...this.later].map(([answer, form]) => [answer, texts.get(form) ?? answer]));
  }
}
