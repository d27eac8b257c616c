// The programs that open a published folder, each in a process of its own: two versions of ONNX Runtime cannot load in one. Some come
// with the project; the other JavaScript ones are installed apart (install-consumers.sh), the Python ones are used where they are there.
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** What a program is asked for. */
export interface Job {
  folder: string;
  texts: readonly string[];
  pooling: 'mean' | 'cls';
  /** `onnx/<file>.onnx`. */
  file: 'model' | 'model_pooled';
}

/** One program. */
export interface Program {
  name: string;
  /** Files that it is asked to use; a program of one pooling gets its right vectors from model_pooled alone. */
  files(pooling: Job['pooling']): readonly Job['file'][];
  /** Why it cannot run here; undefined when it can. */
  missing: string | undefined;
  command: readonly string[];
}

const here = fileURLToPath(new URL('consumers/', import.meta.url));
/** Where install-consumers.sh puts them. */
const installed =
  process.env.INTEROP_CONSUMERS ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'temporal-finetune', 'interop');
const python = process.env.PYTHON ?? 'python3';
const both = (): readonly Job['file'][] => ['model', 'model_pooled'];
const pooledOnly = (): readonly Job['file'][] => ['model_pooled'];

const own = (name: string, file: string): Program => ({
  name,
  files: both,
  missing: undefined,
  command: [process.execPath, join(here, file)],
});

const apart = (name: string, file: string, files: Program['files']): Program => ({
  name,
  files,
  missing: process.env.INTEROP && existsSync(join(installed, 'node_modules')) ? undefined : 'run npm run test:interop',
  command: [process.execPath, join(installed, file)],
});

const inPython = (name: string, file: string, modules: readonly string[], files: Program['files'] = both): Program => ({
  name,
  files,
  missing: hasModules(modules) ? undefined : `${python} lacks ${modules.join(', ')}; PYTHON names another`,
  command: [python, join(here, file)],
});

/** Every program, those that come with the project first. */
export const programs: readonly Program[] = [
  own('transformers.js 4', 'transformers-js.mjs'),
  own('onnxruntime-node 1.30', 'onnxruntime-node.mjs'),
  apart('transformers.js 3', 'transformers-js.mjs', both),
  apart('LangChain.js', 'langchain-js.mjs', both),
  apart('LlamaIndex.TS', 'llamaindex-ts.mjs', (pooling) => (pooling === 'mean' ? both() : pooledOnly())),
  apart('fastembed-js', 'fastembed-js.mjs', (pooling) => (pooling === 'cls' ? both() : pooledOnly())),
  // It reads model.safetensors and no ONNX file.
  inPython('sentence-transformers in Python', 'sentence_transformers_python.py', ['sentence_transformers'], () => [
    'model',
  ]),
  inPython('ONNX Runtime in Python', 'onnxruntime_python.py', ['onnxruntime', 'tokenizers', 'numpy']),
];

/** The vectors a program gives; `workFolder` takes the job and the result. */
export async function embedWith(program: Program, job: Job, workFolder: string): Promise<Float32Array[]> {
  const result = join(workFolder, 'result.json');
  const path = join(workFolder, 'job.json');
  await writeFile(path, JSON.stringify({ ...job, result }));
  const [executable, ...args] = program.command;
  // Offline: nothing may come from elsewhere than the folder.
  const env = { ...process.env, HF_HUB_OFFLINE: '1', TRANSFORMERS_OFFLINE: '1', TOKENIZERS_PARALLELISM: 'false' };
  await promisify(execFile)(executable!, [...args, path], { env, maxBuffer: 1 << 26 });
  const vectors = JSON.parse(await readFile(result, 'utf8')) as number[][];
  return vectors.map((vector) => Float32Array.from(vector));
}

function hasModules(modules: readonly string[]): boolean {
  const found = modules.map((module) => `find_spec(${JSON.stringify(module)})`).join(' and ');
  const probe = `from importlib.util import find_spec; raise SystemExit(0 if ${found} else 1)`;
  return spawnSync(python, ['-c', probe], { stdio: 'ignore' }).status === 0;
}
