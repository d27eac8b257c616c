// Real texts that every clone has: runs of words of the project's licence, most of them a sentence long, some of several hundred words.
import { readFile } from 'node:fs/promises';

/** `count` texts, each different; every eighth is long. */
export async function realTexts(count: number): Promise<string[]> {
  const licence = await readFile(new URL('../../LICENSE', import.meta.url), 'utf8');
  const words = licence.split(/\s+/).filter((word) => word !== '');
  const stride = Math.floor((words.length - 200) / count);
  return Array.from({ length: count }, (_, i) => {
    const length = i % 8 === 7 ? 200 : 5 + (i % 13);
    return words.slice(i * stride, i * stride + length).join(' ');
  });
}
