// Makes text from data harmless where it is printed: in YAML front matter, inside fenced code (src/spec/markdown.ts has prose).

/** A YAML scalar: double-quoted, as JSON writes it, which is YAML as well. */
export function yamlString(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029\ufeff]/g, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** A fenced block whose fence is longer than any run of backticks inside. */
export function codeBlock(language: string, code: string): string {
  const longest = Math.max(2, ...[...code.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${code}\n${fence}`;
}

/** A text as a literal of JavaScript and of Python alike. */
export function stringLiteral(text: string): string {
  return yamlString(text);
}
