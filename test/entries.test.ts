// What the package's entries load, seen from a process of its own: hosts with another ONNX Runtime must not break.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';

/** Native addons in a process that has imported an entry; all of `exports` are there. */
function addonsOf(entry: string): { addons: string[]; names: string[] } {
  const path = fileURLToPath(new URL(`../dist/src/${entry}.js`, import.meta.url));
  if (!existsSync(path)) throw new Error(`${path} is missing: run "npm run build" first`);
  const script =
    `const names = Object.keys(await import(${JSON.stringify(pathToFileURL(path).href)}));` +
    'process.report.excludeNetwork = true;' +
    "const addons = process.report.getReport().sharedObjects.filter((path) => path.includes('node_modules'));" +
    'console.log(JSON.stringify({ addons, names }));';
  return JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }),
  ) as ReturnType<typeof addonsOf>;
}

describe('the entries of the package', () => {
  it('the client loads nothing native', () => {
    const { addons, names } = addonsOf('client');
    expect(addons).toEqual([]);
    expect(names).toEqual(
      expect.arrayContaining(['startFineTune', 'followFineTune', 'fineTuneSpecSchema', 'parseSpec']),
    );
  });

  it("the Worker's side loads no ONNX Runtime", () => {
    const { addons, names } = addonsOf('index');
    expect(addons.length).toBeGreaterThan(0); // the SDK's own
    expect(addons.filter((path) => /onnxruntime/.test(path))).toEqual([]);
    expect(names).toEqual(expect.arrayContaining(['FineTunePlugin', 'createFineTuneWorkers', 'createActivities']));
  });

  it('training from code loads no ONNX Runtime into the caller', () => {
    const { addons, names } = addonsOf('training');
    expect(addons.filter((path) => /onnxruntime/.test(path))).toEqual([]);
    expect(names).toEqual(expect.arrayContaining(['fineTuneLocally', 'planLocally']));
  });
});
