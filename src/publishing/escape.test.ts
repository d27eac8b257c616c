import { describe, expect, it } from 'vitest';
import { codeBlock, yamlString } from './escape.js';

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
