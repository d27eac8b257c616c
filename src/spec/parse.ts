// Parses what a user wrote into a spec, once, at the edge. Errors name the field, the value, the choices and the nearest known key.
import { z } from 'zod';
import { closest } from 'fastest-levenshtein';
import { FinalError } from '../errors.js';
import { fineTuneSpecSchema, type FineTuneSpec } from './spec.js';

/** The smallest spec that runs, shown when nothing was given. */
export const EXAMPLE_SPEC = { model: 'BAAI/bge-small-en-v1.5', dataset: { source: 'my-pairs.jsonl' } };

/**
 * Parses a spec and fills in every default.
 *
 * @throws FinalError `InvalidSpec`, with one line a problem.
 */
export function parseSpec(input: unknown): FineTuneSpec {
  if (input === undefined || input === null) {
    throw new FinalError(
      'InvalidSpec',
      `spec: a JSON object is needed, got nothing. For example: ${JSON.stringify(EXAMPLE_SPEC)}`,
    );
  }
  const result = fineTuneSpecSchema.safeParse(input, { reportInput: true });
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) => describe(issue, []));
  throw new FinalError('InvalidSpec', [...new Set(problems)].join('\n'));
}

function describe(issue: z.core.$ZodIssue, parents: PropertyKey[]): string[] {
  const path = [...parents, ...issue.path];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key));
  if (issue.code === 'invalid_union')
    return likeliest(issue.errors, issue.input).flatMap((inner) => describe(inner, path));
  return [`${field(path)}: ${rule(issue)}, got ${shown(issue.input)}`];
}

/** Of the branches of a union, the one that an object of these keys was most likely meant to be. */
function likeliest(branches: z.core.$ZodIssue[][], input: unknown): z.core.$ZodIssue[] {
  const misfit = (issues: z.core.$ZodIssue[]): number =>
    issues.reduce((sum, issue) => {
      if (issue.code === 'invalid_type' && issue.path.length === 0) return sum + 100;
      if (issue.code === 'unrecognized_keys') return sum + 2 * issue.keys.length;
      return sum + (issue.code === 'invalid_type' && issue.input === undefined ? 3 : 1);
    }, 0);
  const isObject = typeof input === 'object' && input !== null;
  const fitting = branches.filter((issues) => !isObject || misfit(issues) < 100);
  return [...(fitting.length > 0 ? fitting : branches)].sort((a, b) => misfit(a) - misfit(b))[0] ?? [];
}

function unknownKey(path: PropertyKey[], key: string): string {
  const known = knownKeys(path);
  const nearest = known.length > 0 ? `; did you mean "${closest(key, known)}"? Known here: ${known.join(', ')}` : '';
  return `${field([...path, key])}: unknown key, got "${key}"${nearest}`;
}

function knownKeys(path: PropertyKey[]): string[] {
  const keys = (schema: unknown, rest: PropertyKey[]): string[] => {
    const node = schema as JsonSchemaNode;
    const branches = node.anyOf ?? node.oneOf;
    if (branches) return branches.flatMap((branch) => keys(branch, rest));
    const [head, ...tail] = rest;
    if (head === undefined) return Object.keys(node.properties ?? {});
    return keys(node.properties?.[String(head)] ?? {}, tail);
  };
  return [...new Set(keys(z.toJSONSchema(fineTuneSpecSchema, { io: 'input' }), path))];
}

interface JsonSchemaNode {
  properties?: Record<string, unknown>;
  anyOf?: unknown[];
  oneOf?: unknown[];
}

function rule(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value')
    return `one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')} is needed`;
  return issue.message.replace(/, received .*$/, '').replace(/^Invalid input: /, '');
}

function field(path: PropertyKey[]): string {
  return path.length === 0 ? 'spec' : path.map(String).join('.');
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const json = JSON.stringify(value) ?? typeof value;
  return json.length > 120 ? `${json.slice(0, 117)}…` : json;
}
