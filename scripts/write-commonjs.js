// Makes `dist/commonjs`, what `require('temporal-finetune/…')` meets: one small file an entry, which requires the ES module (Node does that
// from 20.19 on), and the declarations once more, so that TypeScript sees CommonJS in a CommonJS project. There is one copy of the code only.
// Usage: node scripts/write-commonjs.js, after the compiler.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';

const ENTRIES = ['src/index', 'src/client', 'src/training', 'workflows/index'];
const dist = join(import.meta.dirname, '..', 'dist');
const target = join(dist, 'commonjs');

/** @type {Set<string>} */
const declarations = new Set();

/** @param {string} path of a declaration file; it and all that it imports are noted. */
function reach(path) {
  if (declarations.has(path)) return;
  declarations.add(path);
  for (const { fileName } of ts.preProcessFile(readFileSync(path, 'utf8')).importedFiles) {
    if (fileName.startsWith('.')) reach(resolve(dirname(path), fileName.replace(/\.js$/, '.d.ts')));
  }
}

/** @param {string} name @param {string} text */
function write(name, text) {
  const path = join(target, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

rmSync(target, { recursive: true, force: true });
for (const entry of ENTRIES) {
  reach(join(dist, `${entry}.d.ts`));
  write(`${entry}.js`, `module.exports = require(${JSON.stringify(`../../${entry}.js`)});\n`);
}
for (const path of declarations) write(relative(dist, path), readFileSync(path, 'utf8'));
write('package.json', `${JSON.stringify({ type: 'commonjs' })}\n`);
