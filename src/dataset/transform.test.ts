import { writeFile, mkdir, readFile, readdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeZip } from '../../test/support/make-zip.js';
import { transformDataset } from '../../test/support/prepare-dataset.js';
import { makeTestContext, type TestContext } from '../../test/support/stage-context.js';

let context: TestContext;
beforeEach(async () => {
  context = await makeTestContext();
});
afterEach(async () => {
  // No stage leaves anything half-written behind, whether it failed or not.
  expect(await readdir(join(context.store.location, 'tmp')).catch(() => [])).toEqual([]);
  await context.remove();
});

const write = async (name: string, content: string | Buffer): Promise<void> => {
  await mkdir(dirname(join(context.folder, name)), { recursive: true });
  await writeFile(join(context.folder, name), content);
};
const transform = (dataset: unknown): ReturnType<typeof transformDataset> =>
  transformDataset(dataset, { dataFolders: [context.folder] }, context);
const jsonl = (...records: unknown[]): string => records.map((record) => `${JSON.stringify(record)}\n`).join('');
const writeParquet = async (name: string, select: string): Promise<void> => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`COPY (${select}) TO '${join(context.folder, name)}' (FORMAT parquet)`);
  connection.closeSync();
  instance.closeSync();
};

const qa = [
  { question: 'What?', answer: 'This.' },
  { question: 'Why, "so"?', answer: 'Line one\nand two \u2028.' },
];

describe('transform', () => {
  it.each([
    ['JSON Lines', 'd.jsonl', jsonl(...qa)],
    ['JSON Lines without a last line break, with a byte order mark', 'd.jsonl', `\uFEFF${jsonl(...qa).trimEnd()}`],
    ['a JSON array', 'd.json', JSON.stringify(qa, null, 2)],
    ['JSON Lines called .json', 'd.json', jsonl(...qa)],
    ['compressed JSON Lines', 'd.jsonl.gz', gzipSync(jsonl(...qa))],
    ['CSV', 'd.csv', 'question,answer\nWhat?,This.\n"Why, ""so""?","Line one\nand two \u2028."\n'],
    ['CSV with semicolons', 'd.csv', 'question;answer\nWhat?;This.\n"Why, ""so""?";"Line one\nand two \u2028."\n'],
    ['TSV', 'd.tsv', 'question\tanswer\nWhat?\tThis.\n"Why, ""so""?"\t"Line one\nand two \u2028."\n'],
    [
      'a zip of JSON files',
      'd.zip',
      makeZip(qa.map((pair, i) => ({ name: `d/${i}.json`, content: JSON.stringify(pair) }))),
    ],
    [
      'a zip with a CSV',
      'd.zip',
      makeZip([
        { name: 'x.csv', content: 'question,answer\nWhat?,This.\n"Why, ""so""?","Line one\nand two \u2028."\n' },
      ]),
    ],
  ])('reads %s', async (_, name, content) => {
    await write(name, content);
    expect((await transform({ source: name })).pairs).toEqual({ train: qa });
  });

  it('reads Parquet, and files in the order of their names', async () => {
    await writeParquet('train-00001-of-00002.parquet', `SELECT 'q2' AS question, 'a2' AS answer`);
    await writeParquet(
      'train-00000-of-00002.parquet',
      `SELECT 'q' || i AS question, 'a' || i AS answer FROM range(2) t(i)`,
    );
    const { pairs, splits } = await transform({ source: '.' });
    expect(pairs['train']!.map(({ question }) => question)).toEqual(['q0', 'q1', 'q2']);
    expect(splits).toEqual({ train: { rows: 3, kept: 3, dropped: {} } });
  });

  it('joins columns as they are named, takes out literals, and drops and counts rows without an answer or a question', async () => {
    await write(
      'd.jsonl',
      jsonl(
        { 'topic;': 'Optics', sub_topic: 'Lenses', message_1: '### Instruction:\nWhy?', message_2: 'Because.' },
        { 'topic;': '', sub_topic: null, message_1: 'No answer', message_2: '  ' },
        { 'topic;': 'Optics', sub_topic: '', message_1: '### Instruction:\n', message_2: 'x' },
        { 'topic;': 'Optics', message_1: 'Gap?', message_2: 'Closed.' },
      ),
    );
    const dataset = {
      source: 'd.jsonl',
      columns: { question: ['message_1'], answer: ['topic;', 'sub_topic', 'message_2'] },
      separator: ' ',
      strip: ['### Instruction:\n'],
    };
    const { pairs, splits } = await transform(dataset);
    expect(pairs['train']).toEqual([
      { question: 'Why?', answer: 'Optics Lenses Because.' },
      { question: 'Gap?', answer: 'Optics Closed.' },
    ]);
    expect(splits).toEqual({ train: { rows: 4, kept: 2, dropped: { 'empty answer': 1, 'empty question': 1 } } });
  });

  it('reads a CSV whose columns differ in the case of their letters alone', async () => {
    await write('d.csv', 'question,Question,answer\nWhat?,Other?,This.\n');
    expect((await transform('d.csv')).pairs['train']).toEqual([qa[0]]);
    const columns = { question: 'Question_2', answer: 'answer' };
    expect((await transform({ source: 'd.csv', columns })).pairs['train']).toEqual([{ ...qa[0], question: 'Other?' }]);
  });

  it('keeps given splits apart, also those inside a zip', async () => {
    const members = ['train', 'test'].map((split) => ({
      name: `x/${split}.jsonl`,
      content: jsonl({ ...qa[0], answer: split }),
    }));
    await write('all.zip', makeZip(members));
    const { pairs } = await transform({ source: 'all.zip', splits: ['train', 'test'], testRatio: 0 });
    expect(pairs).toEqual({ train: [{ ...qa[0], answer: 'train' }], test: [{ ...qa[0], answer: 'test' }] });
    await expect(transform({ source: 'all.zip', splits: ['validation'] })).rejects.toThrow(
      /got "validation"\. There are: test, train/,
    );
  });

  it('tells of the files of a folder that it does not read', async () => {
    for (const name of ['billing', 'shipping', 'product-training']) await write(`d/${name}.jsonl`, jsonl(...qa));
    expect((await transform({ source: 'd' })).splits['train']!.rows).toBe(2);
    expect(context.warnings).toEqual([
      'dataset.source: 2 data files of d are not read (billing.jsonl, shipping.jsonl): names of other files tell a split (train, validation, test), theirs do not. Put them into folders called by a split.',
    ]);
    context.warnings.length = 0;
    for (const name of 'abcde') await write(`e/${name}.csv`, 'question,answer\nWhat?,This.\n');
    for (const name of 'abcd') await write(`e/${name}.jsonl`, jsonl(...qa));
    await transform({ source: 'e' });
    expect(context.warnings).toEqual([
      'dataset.source: 4 data files of e are not read (a.jsonl, b.jsonl, c.jsonl, …): files of one format are read, the most frequent one. Name such a file itself as source.',
    ]);
  });

  it('is done once for the same content, settings and columns', async () => {
    await write('a.jsonl', jsonl(...qa));
    const first = await transform({ source: 'a.jsonl' });
    expect((await transform({ source: './a.jsonl' })).artifact).toEqual(first.artifact);
    expect((await transform({ source: 'a.jsonl', strip: ['x'] })).artifact).not.toEqual(first.artifact);
  });

  it('quotes names: a column, a file or a path with quotes in it reads like any other', async () => {
    await writeParquet(`it''s.parquet`, `SELECT 'q' AS "a""b", 'a' AS "c'; DROP"`);
    const columns = { question: 'a"b', answer: `c'; DROP` };
    expect((await transform({ source: `it's.parquet`, columns })).pairs['train']).toEqual([
      { question: 'q', answer: 'a' },
    ]);
  });
});

describe('bad data', () => {
  const cases: [string, string, string | Buffer, unknown, RegExp][] = [
    [
      'a broken line',
      'd.jsonl',
      `${jsonl(...qa)}{"question": "x"\n`,
      {},
      /d\.jsonl, line 3: a JSON value is needed, got 16 other characters/,
    ],
    ['a line that is no object', 'd.jsonl', '[1]\n', {}, /d\.jsonl, line 1: an object .* is needed, got a list/],
    ['broken JSON', 'd.json', '[\n{"question": "x",\n', {}, /d\.json, line 3: broken JSON/],
    ['a broken line in JSON Lines called .json', 'd.json', `${jsonl(...qa)}{"q`, {}, /d\.json, line 3: broken JSON/],
    [
      'bytes that are no UTF-8',
      'd.jsonl',
      Buffer.from('{"question": "\xe9"}\n', 'latin1'),
      {},
      /line 1: UTF-8 text is needed/,
    ],
    [
      'a ragged CSV record',
      'd.csv',
      'question,answer\na,b\na,b,c\n',
      {},
      /d\.csv, line 3: 2 fields are needed, as in the header, got 3/,
    ],
    [
      'a CSV record with too few fields',
      'd.csv',
      'question,answer\na\n',
      {},
      /d\.csv, line 2: 2 fields are needed, as in the header, got 1/,
    ],
    [
      'a CSV quote that is never closed',
      'd.csv',
      'question,answer\na,"b\n',
      {},
      /d\.csv, line 2: a quote is opened and never closed/,
    ],
    [
      'a CSV that is no UTF-8',
      'd.csv',
      Buffer.from('question,answer\na,\xe9\n', 'latin1'),
      {},
      /line 2: UTF-8 text is needed/,
    ],
    [
      'a CSV in UTF-16',
      'd.csv',
      Buffer.from('\uFEFFquestion,answer\r\n"What, now?",This.\r\n', 'utf16le'),
      {},
      /d\.csv: UTF-8 text is needed, got UTF-16\. Save it as UTF-8/,
    ],
    [
      'a CSV in UTF-16, most significant byte first',
      'd.csv',
      Buffer.from('\uFEFFquestion,answer\n"What, now?",This.\n', 'utf16le').swap16(),
      {},
      /d\.csv: UTF-8 text is needed, got UTF-16\. Save it as UTF-8/,
    ],
    [
      'a CSV in UTF-16 without a byte order mark',
      'd.csv',
      Buffer.from('question,answer\nWhat?,This.\n', 'utf16le'),
      {},
      /d\.csv: UTF-8 text is needed, got UTF-16/,
    ],
    [
      'a CSV with line ends of two kinds',
      'd.csv',
      'question,answer\r\nWhat?,This.\nWhy?,So.\r\n',
      {},
      /d\.csv: a record cannot be read: the file's lines end in \\n and in \\r\\n, or a quote .* Save it with one kind of line end/,
    ],
    [
      'a CSV with quotes and line ends of two kinds',
      'd.csv',
      'question,answer\nWhat?,"This,\r\nor that"\nWhy?,"So."\r\nHow?,"Thus."\n',
      {},
      /d\.csv: a record cannot be read: the file's lines end in \\n and in \\r\\n/,
    ],
    [
      'a CSV with an open quote and another kind of line end inside quotes',
      'd.csv',
      'question,answer\r\nWhat?,"This,\nor that"\r\nWhy?,"So.\r\n',
      {},
      /d\.csv, line 3: a quote is opened and never closed/,
    ],
    ['an empty CSV', 'd.csv', '', {}, /d\.csv is empty/],
    [
      'what is no Parquet',
      'd.parquet',
      'PAR1 or so, surely long enough',
      {},
      /d\.parquet: a whole Parquet file is needed; .* cut short/,
    ],
    ['what is no zip', 'd.zip', 'PK or so', {}, /d\.zip: a sound zip is needed/],
    ['what is no gzip', 'd.csv.gz', 'GZ or so', {}, /d\.csv\.gz: a sound gzip file is needed/],
    [
      'a missing column',
      'd.jsonl',
      jsonl(...qa),
      { columns: { question: 'message_1' } },
      /dataset\.columns\.question: no column "message_1" in split train\. There are: "question", "answer"/,
    ],
    [
      'a missing CSV column',
      'd.csv',
      'question,topic;\na,b\n',
      { columns: { answer: 'topic' } },
      /dataset\.columns\.answer: no column "topic" in d\.csv\. There are: "question", "topic;"/,
    ],
    [
      'a question that is no string',
      'd.jsonl',
      jsonl(...qa, { question: 5, answer: 'x' }),
      {},
      /dataset\.columns\.question: column "question" must hold strings, got a number in d\.jsonl, line 3/,
    ],
    [
      'an answer that is a list',
      'd.json',
      JSON.stringify([{ question: 'x', answer: ['y'] }]),
      {},
      /dataset\.columns\.answer: column "answer" must hold strings, got a list in d\.json, record 1/,
    ],
    [
      'only empty answers',
      'd.jsonl',
      jsonl({ question: 'a', answer: ' ' }, { question: 'b', answer: null }),
      {},
      /dataset\.columns\.answer: .* all 2 rows of split train were dropped \(2 with an empty answer\)/,
    ],
    [
      'only empty questions',
      'd.csv',
      'question,answer\n,b\n',
      {},
      /dataset\.columns\.question: .*1 with an empty question/,
    ],
    ['no rows', 'd.csv', 'question,answer\n', {}, /split train has no rows/],
    ['a missing split', 'd.jsonl', jsonl(...qa), { splits: ['train', 'test'] }, /got "test"\. There are: train/],
    ['a format that is not read', 'd.xlsx', 'x', {}, /a file that ends in \.parquet, .* is needed, got d\.xlsx/],
    [
      'a zip whose names leave their folder',
      'd.zip',
      makeZip([{ name: '../../evil.json', content: '{}' }]),
      {},
      /d\.zip: a sound zip is needed \(invalid relative path/,
    ],
    [
      'a zip entry longer than it states',
      'd.zip',
      makeZip([{ name: 'a.json', content: ' '.repeat(5000), statedBytes: 10 }]),
      {},
      /d\.zip › a\.json: a sound zip is needed/,
    ],
    [
      'a broken file inside a zip',
      'd.zip',
      makeZip([{ name: 'a.json', content: '{' }]),
      {},
      /d\.zip › a\.json, line 1: broken JSON/,
    ],
  ];
  it.each(cases)('%s is told', async (_, name, content, over, message) => {
    await write(name, content);
    const error: unknown = await transform({ source: name, ...(over as object) }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ type: 'InvalidData' });
    expect(String(error)).toMatch(message);
    // The store's own paths mean nothing to a user.
    expect(String(error)).not.toContain(context.store.location);
    expect(await context.store.listRecords('pairs')).toEqual([]);
  });

  it('in a Parquet file that was cut short is told', async () => {
    await writeParquet('whole.parquet', `SELECT 'q' || i AS question, 'a' || i AS answer FROM range(5000) t(i)`);
    const whole = await readFile(join(context.folder, 'whole.parquet'));
    for (const part of [0.5, 0.99]) {
      await write('cut.parquet', whole.subarray(0, Math.floor(whole.length * part)));
      await expect(transform({ source: 'cut.parquet' })).rejects.toThrow(
        /cut\.parquet: a whole Parquet file is needed/,
      );
    }
    const damaged = Buffer.from(whole);
    damaged.fill(0xff, 10, 3000);
    await write('damaged.parquet', damaged);
    await expect(transform({ source: 'damaged.parquet' })).rejects.toMatchObject({ type: 'InvalidData' });
  });

  it('in a Parquet column of numbers is told with its type', async () => {
    await writeParquet('d.parquet', `SELECT 1 AS question, 'a' AS answer`);
    await expect(transform({ source: 'd.parquet' })).rejects.toThrow(
      /dataset\.columns\.question: column "question" must hold strings, got INTEGER in d\.parquet/,
    );
  });

  it('behind a link in the data folders goes by the link’s name where that tells the format', async () => {
    const commit = join('hub', 'datasets--a--b', 'snapshots', 'a'.repeat(40));
    await write(join('hub', 'datasets--a--b', 'blobs', 'c'.repeat(64)), jsonl(...qa));
    await mkdir(join(context.folder, commit), { recursive: true });
    await symlink(`../../blobs/${'c'.repeat(64)}`, join(context.folder, commit, 'train.jsonl'));
    expect((await transform({ source: join(commit, 'train.jsonl') })).pairs['train']).toEqual(qa);
    // Also when only the snapshot is allowed, as with a folder of it.
    const only = { dataFolders: [join(context.folder, commit)] };
    expect((await transformDataset('train.jsonl', only, context)).pairs['train']).toEqual(qa);
    await write('d.csv', 'question,answer\nWhat?,This.\n');
    await symlink('d.csv', join(context.folder, 'latest'));
    expect((await transform({ source: 'latest' })).pairs['train']).toEqual([qa[0]]);
  });

  it('behind a link out of the data folders is refused', async () => {
    await symlink('/etc/hostname', join(context.folder, 'd.jsonl'));
    await expect(transform({ source: 'd.jsonl' })).rejects.toMatchObject({ type: 'PathNotAllowed' });
    await symlink('/etc', join(context.folder, 'folder'));
    await expect(transform({ source: 'folder' })).rejects.toMatchObject({ type: 'PathNotAllowed' });
  });
});
