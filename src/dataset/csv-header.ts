// The first record of a CSV file: its delimiter and its columns' names (RFC 4180 quoting).
import { FinalError } from '../errors.js';

const DELIMITERS = [',', ';', '\t', '|'];

/**
 * Reads the header from the start of a CSV text. Empty names become `column<n>`; a repeated one gets `_<n>`.
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
  for (const [index, field] of fieldsOf(record, chosen).entries()) {
    const name = field === '' ? `column${index + 1}` : field;
    const taken = names.filter((other) => other === name).length;
    names.push(taken > 0 ? `${name}_${index + 1}` : name);
  }
  return { delimiter: chosen, names };
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
