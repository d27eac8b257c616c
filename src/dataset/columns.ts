// Takes the asked columns out of records and tables, and tells when they are missing or hold no strings.
import { FinalError } from '../errors.js';
import { shorten } from '../spec/shorten.js';
import { kindOf } from './json-lines.js';

const MAX_NAMES = 200;
/** Of a file without a header the names are its first row. */
const MAX_NAME = 40;

/** One row: a value for each asked column; null where there is none. */
export type Row = (string | null)[];

/** The asked columns of one split. */
export class Columns {
  readonly names: string[];
  private readonly seen = new Set<string>();
  private readonly there = new Set<string>();

  constructor(
    readonly question: readonly string[],
    readonly answer: readonly string[],
  ) {
    this.names = [...new Set([...question, ...answer])];
  }

  /**
   * The row of a JSON record.
   *
   * @param where File and row, for messages.
   * @throws FinalError `InvalidData` when the record is no object or a value no string.
   */
  ofRecord(record: unknown, where: () => string): Row {
    if (typeof record !== 'object' || record === null || Array.isArray(record)) {
      throw new FinalError(
        'InvalidData',
        `dataset: ${where()}: an object with the columns as keys is needed, got ${kindOf(record)}`,
      );
    }
    const values = record as Record<string, unknown>;
    if (this.there.size < MAX_NAMES) for (const key of Object.keys(values)) this.there.add(key);
    return this.names.map((name) => {
      if (!Object.hasOwn(values, name)) return null;
      this.seen.add(name);
      const value = values[name];
      if (typeof value === 'string' || value === null) return value;
      throw new FinalError(
        'InvalidData',
        `${this.fieldOf(name)}: column ${JSON.stringify(name)} must hold strings, got ${kindOf(value)} in ${where()}`,
      );
    });
  }

  /**
   * Checks the asked columns against a table's.
   *
   * @throws FinalError `InvalidData` when one is missing or of another type than text.
   */
  ofTable(columns: readonly { name: string; type: string }[], label: string): void {
    for (const { name } of columns) this.there.add(name);
    for (const name of this.names) {
      const column = columns.find((candidate) => candidate.name === name);
      if (!column) throw this.missing(name, label);
      this.seen.add(name);
      if (column.type !== 'VARCHAR') {
        throw new FinalError(
          'InvalidData',
          `${this.fieldOf(name)}: column ${JSON.stringify(name)} must hold strings, got ${column.type} in ${label}`,
        );
      }
    }
  }

  /** Called when the split is read: a column that no record had is missing. */
  finish(label: string): void {
    for (const name of this.names) if (!this.seen.has(name)) throw this.missing(name, label);
  }

  private missing(name: string, label: string): FinalError {
    const there = [...this.there].slice(0, MAX_NAMES).map((column) => JSON.stringify(shorten(column, MAX_NAME)));
    return new FinalError(
      'InvalidData',
      `${this.fieldOf(name)}: no column ${JSON.stringify(name)} in ${label}. There are: ${there.join(', ') || '(none)'}`,
    );
  }

  private fieldOf(name: string): string {
    return `dataset.columns.${this.question.includes(name) ? 'question' : 'answer'}`;
  }
}
