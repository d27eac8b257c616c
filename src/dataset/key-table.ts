// Numbers for many texts, without the texts: an open-addressing hash table in typed arrays, 16 bytes of a text's SHA-256 each. A million
// texts take some 24 MB, a fifth of what a Set of their hashes takes.
import { hash } from 'node:crypto';

/** 32-bit words of a hash that are kept: two of a billion texts share them with a chance of 1 in 10²⁰. */
const WORDS = 4;

/** Gives every different text a number, from 0 in the order of their coming. */
export class KeyTable {
  /** How many different texts there are. */
  size = 0;
  private readonly keys: Uint32Array;
  /** A text's number and 1; 0 where there is none. */
  private readonly slots: Int32Array;
  private readonly key = new Uint32Array(WORDS);

  /** @param capacity At most so many different texts. */
  constructor(capacity: number) {
    this.keys = new Uint32Array(capacity * WORDS);
    this.slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * capacity + 2)));
  }

  /** The text's number; undefined for one that was never added. */
  find(text: string): number | undefined {
    const id = this.slots[this.slotOf(text)]!;
    return id === 0 ? undefined : id - 1;
  }

  /** The text's number, a new one for a new text. */
  add(text: string): number {
    const slot = this.slotOf(text);
    const id = this.slots[slot]!;
    if (id > 0) return id - 1;
    if (this.size * WORDS === this.keys.length) throw new Error(`KeyTable: at most ${this.size} texts were announced`);
    this.keys.set(this.key, this.size * WORDS);
    this.slots[slot] = ++this.size;
    return this.size - 1;
  }

  /** True when the hash of text `a` comes before that of `b`: an order that follows from the texts alone. */
  isBefore(a: number, b: number): boolean {
    for (let word = 0; word < WORDS; word++) {
      const [left, right] = [this.keys[a * WORDS + word]!, this.keys[b * WORDS + word]!];
      if (left !== right) return left < right;
    }
    return false;
  }

  /** The slot where the text is, or would be; leaves its hash in `key`. */
  private slotOf(text: string): number {
    const digest = hash('sha256', text, 'buffer');
    for (let word = 0; word < WORDS; word++) this.key[word] = digest.readUInt32LE(4 * word);
    const mask = this.slots.length - 1;
    for (let slot = this.key[0]! & mask; ; slot = (slot + 1) & mask) {
      const id = this.slots[slot]!;
      if (id === 0 || this.isKeyOf(id - 1)) return slot;
    }
  }

  private isKeyOf(id: number): boolean {
    for (let word = 0; word < WORDS; word++) if (this.keys[id * WORDS + word] !== this.key[word]) return false;
    return true;
  }
}
