import { describe, expect, it } from 'vitest';
import { errorBlock } from './errors.js';
import { Output } from './output.js';
import { printable } from './printable.js';

describe('text on the terminal', () => {
  it('keeps colours, tabs and lines, and loses everything else that moves, clears, renames or turns', () => {
    expect(printable('\u001b[31mred\u001b[39m\tand\nplain')).toBe('\u001b[31mred\u001b[39m\tand\nplain');
    expect(printable('a\u001b[2Jb\u001b]0;title\u0007c\rd\u009be\u202ef')).toBe('a [2Jb ]0;title c d e f');
  });

  it('is cleaned wherever a command says something, errors with names from data too', () => {
    const written: string[] = [];
    const output = new Output(false);
    Object.defineProperty(output, 'stream', { value: { write: (text: string) => written.push(text) } });
    output.say(errorBlock(new Error('no column "a\u001b[2Jb"')));
    output.warn('file \u001b]0;x\u0007.json');
    expect(written.join('')).not.toMatch(/\u001b\[2J|\u001b\]|\u0007/);
    expect(written.join('')).toContain('no column "a [2Jb"');
  });
});
