// The first record of a CSV file: its delimiter and its columns' names (RFC 4180 quoting).
import { FinalError } from '../errors.js';

const DELIMITERS = [',', ';', '\t', '|'];

/**
 * Reads the header from the start of a CSV text. Empty names become `column<n>`; a repeated one gets `_<n>`, also when it
 * differs in upper and lower case alone: DuckDB tells no such columns apart.
 *
 * @param delimiter Undefined: the one of `, ; tab |` that the header has most of outside quotes.
 * @throws FinalError `InvalidData` for an empty file or a quote that is never closed.
 */
export function parseCsvHeader(
  text: string,
  label: string,
  delimiter?: string,
): { delimiter: string; names: string[] } {
  if (text.trim() === '') throw new FinalError('InvalidData', `dataset: ${label} is empty`);
  const end = endOfRecord(text);
  if (end === undefined) {
    throw new FinalError('InvalidData', `dataset: ${label}, line 1: a quote is opened and never closed`);
  }
  const record = text.slice(0, end);
  const chosen = delimiter ?? mostFrequent(record);
  const names: string[] = [];
  const taken = new Set<string>();
  for (const [index, field] of fieldsOf(record, chosen).entries()) {
    let name = field === '' ? `column${index + 1}` : field;
    while (taken.has(lower(name))) name = `${name}_${index + 1}`;
    taken.add(lower(name));
    names.push(name);
  }
  return { delimiter: chosen, names };
}

/** What DuckDB compares columns' names by: of ASCII letters alone the case is passed over. */
function lower(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function endOfRecord(text: string): number | undefined {
  let inQuotes = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (character === '"') inQuotes = !inQuotes;
    else if (!inQuotes && (character === '\n' || character === '\r')) return index;
  }
  return inQuotes ? undefined : text.length;
}

function mostFrequent(record: string): string {
  const outside = record.replace(/"(?:[^"]|"")*"/g, '');
  const count = (delimiter: string): number => outside.split(delimiter).length;
  return DELIMITERS.reduce((best, delimiter) => (count(delimiter) > count(best) ? delimiter : best), ',');
}

function fieldsOf(record: string, delimiter: string): string[] {
  const fields: string[] = [];
  let field = '';
  let inQuotes = false;
  for (let index = 0; index < record.length; index++) {
    const character = record[index] ?? '';
    if (character === '"' && inQuotes && record[index + 1] === '"') {
      field += '"';
      index++;
    } else if (character === '"') inQuotes = !inQuotes;
    else if (character === delimiter && !inQuotes) {
      fields.push(field);
      field = '';
    } else field += character;
  }
  return [...fields, field];
}
