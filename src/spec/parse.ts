// Parses what a user wrote into a spec, once, at the edge. Errors name the field, the value, the choices and the nearest known key.
import { z } from 'zod';
import { closest } from 'fastest-levenshtein';
import { FinalError } from '../errors.js';
import { refuseSecrets } from './secrets.js';
import { shorten } from './shorten.js';
import { fineTuneSpecSchema, type FineTuneSpec } from './spec.js';

/** The smallest spec that runs, shown when nothing was given. */
export const EXAMPLE_SPEC = { model: 'BAAI/bge-small-en-v1.5', dataset: { source: 'my-pairs.jsonl' } };

/**
 * Parses a spec and fills in every default.
 *
 * @throws FinalError `InvalidSpec`, with one line a problem; of what looks like a secret the place alone is told.
 */
export function parseSpec(input: unknown): FineTuneSpec {
  return parseAs(fineTuneSpecSchema, input, EXAMPLE_SPEC);
}

/**
 * Parses the one JSON object that a workflow takes, by its schema.
 *
 * @param example Shown when nothing was given.
 * @throws FinalError `InvalidSpec`, with one line a problem; of what looks like a secret the place alone is told.
 */
export function parseAs<Schema extends z.ZodType>(schema: Schema, input: unknown, example: object): z.output<Schema> {
  if (input === undefined || input === null) {
    throw new FinalError(
      'InvalidSpec',
      `spec: a JSON object is needed, got nothing. For example: ${JSON.stringify(example)}`,
    );
  }
  // Before anything that shows values.
  refuseSecrets(input);
  const result = schema.safeParse(input, { reportInput: true });
  if (result.success) return result.data;
  const root = z.toJSONSchema(schema, { io: 'input' }) as JsonSchemaNode;
  const problems = result.error.issues.flatMap((issue) => describe(issue, [], root));
  throw new FinalError('InvalidSpec', [...new Set(problems)].join('\n'));
}

/** Lines on an issue; `node` is the schema of what stands at `parents`. */
function describe(issue: z.core.$ZodIssue, parents: PropertyKey[], node: JsonSchemaNode): string[] {
  const path = [...parents, ...issue.path];
  const here = nodeAt(node, issue.path);
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key, issue.input, here));
  if (issue.code === 'invalid_union') {
    if (issue.errors.every((problems) => problems.every(isOfAnotherKind)))
      return [`${field(path)}: ${branchesOf(here).map(formOf).join(' or ')} is needed, got ${shown(issue.input)}`];
    return likeliest(issue.errors, issue.input).flatMap((inner) => describe(inner, path, here));
  }
  return [`${field(path)}: ${rule(issue)}, got ${shown(issue.input)}`];
}

/** True when the value is not what is needed at all, rather than something inside it or its size. */
function isOfAnotherKind({ code, path }: z.core.$ZodIssue): boolean {
  return path.length === 0 && (code === 'invalid_type' || code === 'invalid_value');
}

/** What a branch of a union takes, for the eye. */
function formOf({ const: only, type, properties, required = [] }: JsonSchemaNode): string {
  if (only !== undefined) return JSON.stringify(only);
  if (properties)
    return `{${[...required, ...(Object.keys(properties).length > required.length ? ['…'] : [])].join(', ')}}`;
  return type === 'array' ? 'a list' : type === 'string' ? 'a text' : `a ${type ?? 'value'}`;
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

function unknownKey(path: PropertyKey[], key: string, input: unknown, node: JsonSchemaNode): string {
  const known = knownKeys(node, Object.keys(input ?? {}));
  const nearest = known.length > 0 ? `; did you mean "${closest(key, known)}"? Known here: ${known.join(', ')}` : '';
  return `${field([...path, key])}: unknown key, got "${key}"${nearest}`;
}

/** Keys of a node; of a union, those of the branch that has most of the given ones. */
function knownKeys(node: JsonSchemaNode, given: readonly string[]): string[] {
  const forms = [node, ...branchesOf(node)].map(({ properties = {} }) => Object.keys(properties));
  const fits = (keys: string[]): number => given.filter((key) => keys.includes(key)).length;
  return forms.reduce((best, keys) => (fits(keys) > fits(best) || best.length === 0 ? keys : best));
}

function nodeAt(node: JsonSchemaNode, path: readonly PropertyKey[]): JsonSchemaNode {
  return path.reduce((at: JsonSchemaNode, key) => {
    const forms = [at, ...branchesOf(at)].map(({ properties = {} }) => properties[String(key)]);
    return forms.find((form) => form !== undefined) ?? {};
  }, node);
}

function branchesOf({ anyOf, oneOf }: JsonSchemaNode): JsonSchemaNode[] {
  return anyOf ?? oneOf ?? [];
}

interface JsonSchemaNode {
  type?: string;
  const?: unknown;
  properties?: Record<string, JsonSchemaNode>;
  required?: string[];
  anyOf?: JsonSchemaNode[];
  oneOf?: JsonSchemaNode[];
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
  return shorten(json, 120);
}
