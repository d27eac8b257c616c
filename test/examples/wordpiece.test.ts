// The WordPiece trainer of the small encoder, on words small enough to follow by hand.
import { describe, expect, it } from 'vitest';
import { bertWords } from '../../examples/encoder/bert-words.mjs';
import { splitSentences } from '../../examples/encoder/sources.mjs';
import { trainWordPiece } from '../../examples/encoder/wordpiece-trainer.mjs';

const train = (counts: Record<string, number>, size: number): string[] =>
  trainWordPiece(new Map(Object.entries(counts)), { size, specialTokens: ['[UNK]'], minimumCharacterCount: 1 });

describe('trainWordPiece', () => {
  it('puts special tokens first, then every character at the start and inside of words, then merges by frequency', () => {
    const pieces = train({ hug: 10, pug: 5, hugs: 5 }, 13);
    expect(pieces.slice(0, 11)).toEqual('[UNK] g h p s u ##g ##h ##p ##s ##u'.split(' '));
    // u+g stands 20 times, then h+ug 15 times.
    expect(pieces.slice(11)).toEqual(['##ug', 'hug']);
  });

  it('gives ties to the pair that sorts first, whatever the order of the words', () => {
    const pieces = train({ ab: 3, cd: 3 }, 100);
    expect(train({ cd: 3, ab: 3 }, 100)).toEqual(pieces);
    expect(pieces.slice(-2)).toEqual(['ab', 'cd']);
  });

  it('keeps pair counts true while it merges: repeated letters and words that change twice', () => {
    // aaaa = a ##a ##a ##a: the pair (##a, ##a) counts twice in it, and overlapping merges happen once.
    expect(train({ aaaa: 4, aa: 1 }, 100)).toEqual(['[UNK]', 'a', '##a', '##aa', '##aaa', 'aaaa']);
  });

  it('keeps numbers in pieces of at most two digits, apart from letters', () => {
    const pieces = train({ '1984': 50, covid19: 50, '19': 50 }, 100);
    const withDigits = pieces.filter((piece) => /\d/.test(piece)).map((piece) => piece.replace('##', ''));
    for (const piece of withDigits) expect(piece).toMatch(/^\d{1,2}$/);
    expect(withDigits).toContain('19');
  });
});

describe('bertWords', () => {
  it('lower-cases, strips accents, and sets punctuation and Chinese characters apart', () => {
    expect(bertWords('Élan, naïve\tfaçade\u200b (1,5%)')).toEqual([
      'elan',
      ',',
      'naive',
      'facade',
      '(',
      '1',
      ',',
      '5',
      '%',
      ')',
    ]);
    expect(bertWords('x東京y')).toEqual(['x', '東', '京', 'y']);
  });
});

describe('splitSentences', () => {
  it('ends no sentence at an initial or an abbreviation', () => {
    expect(splitSentences('Mr. J. Smith left. "Why?" It rained (vs. Monday). 5 stayed.')).toEqual([
      'Mr. J. Smith left.',
      '"Why?"',
      'It rained (vs. Monday).',
      '5 stayed.',
    ]);
  });
});
