import { describe, expect, it } from 'vitest';
import { codeBlock, escapeMarkdown, yamlString } from './escape.js';

describe('escapeMarkdown', () => {
  it('disarms HTML, links, images, tables, headings, mentions and line breaks', () => {
    expect(escapeMarkdown('<script>&amp;')).toBe('&lt;script&gt;&amp;amp;');
    expect(escapeMarkdown('![x](y) | # `c` @me')).toBe('\\!\\[x\\]\\(y\\) \\| \\# \\`c\\` &#64;me');
    expect(escapeMarkdown('a\n\n## b\u2028c')).toBe('a \\#\\# b c');
    expect(escapeMarkdown('a\u202eb\u2066c')).toBe('a b c');
    expect(escapeMarkdown('see https://x.example')).not.toContain('https://');
  });
});

describe('yamlString', () => {
  it('quotes whatever YAML would read as something else', () => {
    expect(yamlString('a: "b"\n- c')).toBe('"a: \\"b\\"\\n- c"');
    expect(yamlString('x\u0085y\u2028')).toBe('"x\\u0085y\\u2028"');
  });
});

describe('codeBlock', () => {
  it('has a fence that its content cannot close', () => {
    expect(codeBlock('js', 'a = "````"')).toBe('`````js\na = "````"\n`````');
  });
});
