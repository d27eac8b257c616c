import { describe, expect, test } from 'vitest';
import { addDropoutMasks, type MaskOptions } from './dropout-masks.js';
import { DROPOUT_SITES, maskInput } from './packed-names.js';
import { packTexts, type PackedBatch } from './packing.js';

const HEADS = 2;
const HIDDEN = 6;
const LAYERS = 2;
const lengths = [3, 7, 4, 4, 1, 9, 5];
const text = (length: number): Int32Array => new Int32Array(length).fill(1);

/** Masks by text and site, as [element] lists without padding, of the texts at these places of a batch. */
function masksByText(places: number[], groupCount: number, changed: Partial<MaskOptions> = {}): Map<string, number[]> {
  const batch = packTexts(
    places.map((place) => text(lengths[place]!)),
    { groupCount, heads: HEADS, pooling: 'mean' },
  );
  const rates = { hidden: 0.3, attention: 0.4 };
  addDropoutMasks(batch, {
    rates,
    seed: 42,
    step: 5,
    places,
    layers: LAYERS,
    heads: HEADS,
    hiddenSize: HIDDEN,
    ...changed,
  });
  const result = new Map<string, number[]>();
  places.forEach((place, local) => {
    for (const site of hiddenSites()) result.set(`${place} ${site}`, hiddenOf(batch, site, local));
    for (let layer = 0; layer < LAYERS; layer++) {
      const site = DROPOUT_SITES.attention(layer);
      result.set(`${place} ${site}`, attentionOf(batch, site, local));
    }
  });
  return result;
}

const hiddenSites = (): string[] => [
  DROPOUT_SITES.embeddings,
  ...Array.from({ length: LAYERS }, (_, layer) => [
    DROPOUT_SITES.attentionOutput(layer),
    DROPOUT_SITES.feedForward(layer),
  ]).flat(),
];

function hiddenOf({ feeds, offsets }: PackedBatch, site: string, local: number): number[] {
  const { data } = feeds.get(maskInput(site))!;
  return [...data.slice(offsets[local]! * HIDDEN, offsets[local + 1]! * HIDDEN)];
}

function attentionOf({ feeds, groups, lengths: all }: PackedBatch, site: string, local: number): number[] {
  const group = groups.findIndex(({ texts }) => texts.includes(local));
  const { texts, places } = groups[group]!;
  const row = texts.indexOf(local);
  const { data } = feeds.get(maskInput(site, group))!;
  const values: number[] = [];
  for (let h = 0; h < HEADS; h++) {
    for (let i = 0; i < all[local]!; i++) {
      const start = ((row * HEADS + h) * places + i) * places;
      values.push(...data.slice(start, start + all[local]!));
    }
  }
  return values;
}

const everyone = lengths.map((_, place) => place);

describe('addDropoutMasks', () => {
  test('gives a text the same masks in whatever groups it stands', () => {
    const one = masksByText(everyone, 1);
    for (const groupCount of [2, 3, 8]) expect(masksByText(everyone, groupCount)).toEqual(one);
  });

  test('gives a text the same masks in whatever micro-batch it stands', () => {
    const whole = masksByText(everyone, 4);
    for (const part of [[0, 3], [1, 2, 6], [5], [4]]) {
      for (const [key, mask] of masksByText(part, 2)) expect(mask, key).toEqual(whole.get(key));
    }
  });

  test('differs by seed, step, text and site', () => {
    const base = masksByText(everyone, 2);
    for (const changed of [{ seed: 43 }, { seed: 42 + 2 ** 32 }, { step: 6 }]) {
      const other = masksByText(everyone, 2, changed);
      for (const [key, mask] of base) if (mask.length >= 32) expect(other.get(key), key).not.toEqual(mask);
    }
    const long = [...base].filter(([, mask]) => mask.length >= 24).map(([, mask]) => mask.slice(0, 24).join(''));
    expect(new Set(long).size).toBe(long.length);
  });

  test('drops the asked share of the elements, whatever their place', () => {
    const batch = packTexts([text(400), text(400)], { groupCount: 1, heads: 2, pooling: 'mean' });
    const rates = { hidden: 0.1, attention: 0.25 };
    addDropoutMasks(batch, { rates, seed: 1, step: 0, places: [0, 1], layers: 1, heads: 2, hiddenSize: 64 });
    const share = (name: string, every: number, from: number): number => {
      const data = [...batch.feeds.get(name)!.data].filter((_, i) => i % every === from);
      return 1 - data.reduce((sum, value) => sum + value, 0) / data.length;
    };
    for (const from of [0, 1]) {
      // Standard deviations: 0.0019 of 25,600 and 0.0005 of 320,000 draws.
      expect(Math.abs(share(maskInput(DROPOUT_SITES.embeddings), 2, from) - 0.1)).toBeLessThan(0.01);
      expect(Math.abs(share(maskInput(DROPOUT_SITES.attention(0), 0), 2, from) - 0.25)).toBeLessThan(0.0025);
    }
  });

  test('adds nothing for a rate of 0', () => {
    const batch = packTexts([text(2)], { heads: HEADS, pooling: 'mean' });
    const before = [...batch.feeds.keys()];
    const at = { seed: 1, step: 0, places: [0], layers: 1, heads: HEADS, hiddenSize: HIDDEN };
    addDropoutMasks(batch, { ...at, rates: { hidden: 0, attention: 0 } });
    expect([...batch.feeds.keys()]).toEqual(before);
    addDropoutMasks(batch, { ...at, rates: { hidden: 0.1, attention: 0 } });
    expect([...batch.feeds.keys()].some((name) => name.includes('.attention.0'))).toBe(false);
    expect(batch.feeds.has(maskInput(DROPOUT_SITES.embeddings))).toBe(true);
  });
});
