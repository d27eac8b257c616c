// Real texts that every clone has: sentences and paragraphs of the project's licence, from short to long.
import { readFile } from 'node:fs/promises';

/** `count` texts, each different: sentences first and last, paragraphs of several hundred tokens between. */
export async function realTexts(count: number): Promise<string[]> {
  const licence = await readFile(new URL('../../LICENSE', import.meta.url), 'utf8');
  const whole = licence.replace(/\s+/g, ' ');
  const sentences = whole.split(/(?<=[.;:,]) /).filter((sentence) => sentence.length > 20);
  const paragraphs = Array.from({ length: 12 }, (_, i) => whole.slice(i * 700, i * 700 + 1500)).filter(
    (paragraph) => paragraph.length > 500,
  );
  const texts = [...new Set([...sentences.slice(0, count - paragraphs.length), ...paragraphs])];
  if (texts.length < count) throw new Error(`realTexts: ${texts.length} texts are there, ${count} were asked for`);
  return texts.slice(0, count);
}
