// The tiny random BERT of test/fixtures/tiny-bert.json (made by scripts/tiny-bert.py) as the engine's tests use it.
import { readFileSync } from 'node:fs';
import { bert } from '../../src/models/bert.js';
import type { EngineOptions } from '../../src/training/engine.js';
import type { Weights } from '../../src/models/safetensors.js';
import type { TokenizedTexts } from '../../src/text/tokenized-texts.js';

interface Fixture {
  config: unknown;
  texts: number[][];
  scale: number;
  weights: Record<string, { shape: number[]; data: string }>;
  poolings: Record<string, { loss: number; embeddings: string; gradients: Record<string, string> }>;
}

/** Float32 values from base64 of their little-endian bytes. */
function floats(base64: string): Float32Array {
  const bytes = Buffer.from(base64, 'base64');
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

const fixture = JSON.parse(readFileSync(new URL('../fixtures/tiny-bert.json', import.meta.url), 'utf8')) as Fixture;

/** Which module list of sentence-transformers the numbers were made with. */
export type TinyCase = 'mean' | 'mean normalized' | 'cls normalized';
export const TINY_CASES: readonly TinyCase[] = ['mean', 'mean normalized', 'cls normalized'];

/** Config, texts and weights of the tiny model. */
export const tinyBert = {
  config: bert.parseConfig(fixture.config),
  configJson: fixture.config,
  scale: fixture.scale,
  weights: (): Weights =>
    new Map(Object.entries(fixture.weights).map(([name, { shape, data }]) => [name, { shape, data: floats(data) }])),
  queries: fixture.texts.slice(0, fixture.texts.length / 2).map((text) => Int32Array.from(text)),
  documents: fixture.texts.slice(fixture.texts.length / 2).map((text) => Int32Array.from(text)),
};

/** Options for an engine with the tiny model. */
export function tinyOptions(
  tinyCase: TinyCase,
  {
    dropout = { hidden: 0, attention: 0 },
    threads = 1,
  }: { dropout?: { hidden: number; attention: number }; threads?: number } = {},
): EngineOptions {
  return {
    model: {
      architecture: bert,
      config: tinyBert.config,
      pooling: tinyCase.startsWith('cls') ? 'cls' : 'mean',
      normalize: tinyCase.endsWith('normalized'),
    },
    weights: tinyBert.weights(),
    training: { loss: 'MultipleNegativesRankingLoss', scale: tinyBert.scale, dropout, seed: 42 },
    threads,
  };
}

/** What PyTorch gave: gradients and embeddings in its own names and layouts. */
export function expected(tinyCase: TinyCase): {
  loss: number;
  embeddings: Float32Array;
  gradients: Map<string, Float32Array>;
} {
  const { loss, embeddings, gradients } = fixture.poolings[tinyCase]!;
  return {
    loss,
    embeddings: floats(embeddings),
    gradients: new Map(Object.entries(gradients).map(([name, data]) => [name, floats(data)])),
  };
}

/** What PyTorch gave with mean pooling, normalised, under dropout with our masks (tiny-bert-dropout.json). */
export function expectedWithDropout(): {
  step: number;
  dropout: { hidden: number; attention: number };
  loss: number;
  gradients: Map<string, Float32Array>;
} {
  const { step, dropout, loss, gradients } = JSON.parse(
    readFileSync(new URL('../fixtures/tiny-bert-dropout.json', import.meta.url), 'utf8'),
  ) as Pick<ReturnType<typeof expectedWithDropout>, 'step' | 'dropout' | 'loss'> & {
    gradients: Record<string, string>;
  };
  const named = Object.entries(gradients).map(([name, data]): [string, Float32Array] => [name, floats(data)]);
  return { step, dropout, loss, gradients: new Map(named) };
}

/** Texts as the tokenizer gives them. */
export function tokenized(texts: readonly Int32Array[]): TokenizedTexts {
  const offsets = new Int32Array(texts.length + 1);
  texts.forEach((text, at) => (offsets[at + 1] = offsets[at]! + text.length));
  return { ids: Int32Array.from(texts.flatMap((text) => [...text])), offsets };
}
