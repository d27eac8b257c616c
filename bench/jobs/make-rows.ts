// Job: writes a Parquet file of rows as the preparation bench reads them: real sentences with a number that makes each its own, a prefix to
// strip, an empty answer now and then.
import { DuckDBInstance } from '@duckdb/node-api';
import { serveJob } from '../job.js';
import { readPairs } from '../texts.js';
import { writeFile } from 'node:fs/promises';

/** Where and how many. */
export interface MakeRowsJob {
  shared: string;
  file: string;
  rows: number;
  prefix: string;
}

await serveJob<MakeRowsJob>(async ({ shared, file, rows, prefix }) => {
  const sentences = `${file}.sentences.json`;
  await writeFile(sentences, JSON.stringify(readPairs(shared, 'short', 11_000).map((pair, id) => ({ id, ...pair }))));
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`COPY (
    SELECT '${prefix}' || s.query || ' (' || r.range || ')' AS message_1, 'topic ' || (r.range % 25) AS "topic;",
      'part ' || (r.range % 625) AS sub_topic,
      CASE WHEN r.range % 1000 = 7 THEN '' ELSE s.document || ' ' || (r.range % 700000) || ' ' || s.document END AS message_2
    FROM range(${rows}) r JOIN read_json('${sentences}') s ON s.id = r.range % 11000 ORDER BY r.range
  ) TO '${file}' (FORMAT parquet)`);
  connection.closeSync();
  return {};
});
