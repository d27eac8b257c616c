// Trains a WordPiece vocabulary by merging the most frequent pair of neighbouring pieces, again and again (the byte-pair
// procedure of Sennrich et al., 2016, with the `##` of continuing pieces, which is how the tokenizers library trains WordPiece).
// Pair counts are kept up to date merge by merge: only words that hold the merged pair are touched. Ties go to the pair that
// sorts first, so the same counts give the same vocabulary. Pieces of digits stop at two, so that numbers are read in steps
// of at most two digits and no number is a piece of its own by chance of the corpus.

/** @typedef {{ pieces: string[], count: number }} Word */
/** @typedef {{ left: string, right: string, count: number }} Candidate */

const SEPARATOR = '\u0000';

/**
 * Learns the pieces of a vocabulary from word counts.
 *
 * @param {ReadonlyMap<string, number>} wordCounts how often each normalised word stands in the corpus
 * @param {{ size: number, specialTokens: readonly string[], minimumCharacterCount?: number, minimumPairCount?: number }} options
 *   `size` counts the special tokens; characters rarer than `minimumCharacterCount` (default 30) become unknown
 * @returns {string[]} the vocabulary in the order of its ids: special tokens, characters, merges
 */
export function trainWordPiece(wordCounts, { size, specialTokens, minimumCharacterCount = 30, minimumPairCount = 2 }) {
  const alphabet = frequentCharacters(wordCounts, minimumCharacterCount);
  const words = splitWords(wordCounts, alphabet);
  const vocabulary = new Set([...specialTokens, ...alphabet, ...[...alphabet].map((character) => `##${character}`)]);
  const pairs = countPairs(words);
  const queue = new CandidateQueue();
  for (const [key, pair] of pairs) queue.push(candidate(key, pair.count));

  while (vocabulary.size < size) {
    const best = queue.pop();
    if (!best || best.count < minimumPairCount) break;
    const key = best.left + SEPARATOR + best.right;
    const pair = pairs.get(key);
    // A count that changed since it was queued is queued again with what it is now.
    if (!pair || pair.count !== best.count) {
      if (pair && pair.count > 0) queue.push(candidate(key, pair.count));
      continue;
    }
    const merged = mergedPiece(best.left, best.right);
    if (merged === undefined) continue;
    vocabulary.add(merged);
    pairs.delete(key);
    for (const changed of mergeInWords(words, pair.words, best, merged, pairs)) {
      const count = pairs.get(changed)?.count ?? 0;
      if (count > 0) queue.push(candidate(changed, count));
    }
  }
  return [...vocabulary];
}

/** @param {ReadonlyMap<string, number>} wordCounts @param {number} minimum @returns {Set<string>} sorted by code point */
function frequentCharacters(wordCounts, minimum) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const [word, count] of wordCounts) {
    for (const character of word) counts.set(character, (counts.get(character) ?? 0) + count);
  }
  const kept = [...counts].filter(([, count]) => count >= minimum).map(([character]) => character);
  return new Set(kept.sort(byCodeUnits));
}

/** @param {ReadonlyMap<string, number>} wordCounts @param {Set<string>} alphabet @returns {Word[]} */
function splitWords(wordCounts, alphabet) {
  const words = [];
  for (const [word, count] of [...wordCounts].sort((a, b) => byCodeUnits(a[0], b[0]))) {
    const characters = [...word];
    if (characters.length > 100 || characters.some((character) => !alphabet.has(character))) continue;
    words.push({ pieces: characters.map((character, index) => (index === 0 ? character : `##${character}`)), count });
  }
  return words;
}

/** @param {Word[]} words @returns {Map<string, { count: number, words: Set<number> }>} */
function countPairs(words) {
  /** @type {Map<string, { count: number, words: Set<number> }>} */
  const pairs = new Map();
  words.forEach((word, index) => {
    for (let at = 0; at + 1 < word.pieces.length; at += 1) addPair(pairs, word, at, index, word.count);
  });
  return pairs;
}

/**
 * @param {Map<string, { count: number, words: Set<number> }>} pairs
 * @param {Word} word @param {number} at @param {number} index @param {number} change
 * @returns {string} the pair's key
 */
function addPair(pairs, word, at, index, change) {
  const key = `${word.pieces[at] ?? ''}${SEPARATOR}${word.pieces[at + 1] ?? ''}`;
  const pair = pairs.get(key) ?? { count: 0, words: new Set() };
  pair.count += change;
  if (change > 0) pair.words.add(index);
  pairs.set(key, pair);
  return key;
}

/**
 * Merges one pair in the words that hold it and brings the counts of their other pairs up to date.
 *
 * @param {Word[]} words @param {Set<number>} indices @param {Candidate} pair @param {string} merged
 * @param {Map<string, { count: number, words: Set<number> }>} pairs
 * @returns {Set<string>} keys whose count rose
 */
function mergeInWords(words, indices, pair, merged, pairs) {
  /** @type {Set<string>} */
  const risen = new Set();
  for (const index of indices) {
    const word = words[index];
    if (!word) continue;
    /** @type {string[]} */
    const pieces = [];
    for (let at = 0; at < word.pieces.length; at += 1) {
      const found = word.pieces[at] === pair.left && word.pieces[at + 1] === pair.right;
      pieces.push(found ? merged : (word.pieces[at] ?? ''));
      if (found) at += 1;
    }
    if (pieces.length === word.pieces.length) continue;
    for (let at = 0; at + 1 < word.pieces.length; at += 1) addPair(pairs, word, at, index, -word.count);
    word.pieces = pieces;
    for (let at = 0; at + 1 < pieces.length; at += 1) risen.add(addPair(pairs, word, at, index, word.count));
  }
  pairs.delete(pair.left + SEPARATOR + pair.right);
  return risen;
}

/** @param {string} left @param {string} right @returns {string | undefined} nothing where digits would pass two or meet letters */
function mergedPiece(left, right) {
  const merged = left + right.slice(2);
  const text = merged.startsWith('##') ? merged.slice(2) : merged;
  return /\p{N}/u.test(text) && !/^[0-9]{1,2}$/.test(text) ? undefined : merged;
}

/** @param {string} key @param {number} count @returns {Candidate} */
function candidate(key, count) {
  const [left = '', right = ''] = key.split(SEPARATOR);
  return { left, right, count };
}

/** @param {string} a @param {string} b */
function byCodeUnits(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** @param {Candidate} a @param {Candidate} b whether a comes before b: higher count, then the pair that sorts first */
function before(a, b) {
  if (a.count !== b.count) return a.count > b.count;
  return (byCodeUnits(a.left, b.left) || byCodeUnits(a.right, b.right)) < 0;
}

/** A binary heap of pairs, the best one first. */
class CandidateQueue {
  /** @type {Candidate[]} */
  #heap = [];

  /** @param {Candidate} item */
  push(item) {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = /** @type {Candidate} */ (heap[parent]);
      if (!before(item, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = item;
  }

  /** @returns {Candidate | undefined} */
  pop() {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (!last || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const left = heap[child];
      if (!left) break;
      const right = heap[child + 1];
      if (right && before(right, left)) child += 1;
      const lower = /** @type {Candidate} */ (heap[child]);
      if (!before(lower, last)) break;
      heap[at] = lower;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}
