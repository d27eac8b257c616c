import { describe, expect, it } from 'vitest';
import { escapeMarkdown } from './markdown.js';

describe('escapeMarkdown', () => {
  it('disarms HTML, links, images, tables, headings, mentions and line breaks', () => {
    expect(escapeMarkdown('<script>&amp;')).toBe('&lt;script&gt;&amp;amp;');
    expect(escapeMarkdown('![x](y) | # `c` @me')).toBe('\\!\\[x\\]\\(y\\) \\| \\# \\`c\\` &#64;me');
    expect(escapeMarkdown('a\n\n## b\u2028c')).toBe('a \\#\\# b c');
    expect(escapeMarkdown('a\u202eb\u2066c')).toBe('a b c');
    expect(escapeMarkdown('see https://x.example, www.example')).toBe('see https&#58;//x.example, www&#46;example');
    expect(escapeMarkdown('- a-b {c}')).toBe('\\- a-b \\{c\\}');
  });
});
