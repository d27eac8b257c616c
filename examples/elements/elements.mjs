// Reads the table of the chemical elements and works out what follows from the atomic number: period, group and block row.
import { readFileSync } from 'node:fs';

/**
 * @typedef {object} Element
 * @property {number} number atomic number
 * @property {string} symbol
 * @property {string} name
 * @property {string} category the family, in the singular
 * @property {'solid' | 'liquid' | 'gas' | 'unknown'} state at room temperature
 * @property {string} weight standard atomic weight; empty where no isotope is stable enough to have one
 * @property {number | undefined} melting melting point in °C; undefined where it is unknown, uncertain or does not exist
 * @property {string} year of the discovery, or "antiquity"
 * @property {string} discoverer empty for antiquity
 * @property {string} origin what the name goes back to
 * @property {string} word the foreign word behind the name, or empty
 * @property {string} latin the Latin name behind the symbol, where the English name does not show it
 * @property {string} use a use as a verb phrase; empty where there is none but research
 * @property {number} period 1 to 7
 * @property {number | undefined} group 1 to 18; undefined for lanthanides and actinides
 */

/** The table's columns, in order. */
export const COLUMNS =
  'number symbol name category state weight melting year discoverer named_after word latin use'.split(' ');

/** Atomic numbers of the noble gases, which close the periods. */
const NOBLE_GASES = [2, 10, 18, 36, 54, 86, 118];

/**
 * Reads all elements from `elements.tsv` beside this file, in the order of their numbers.
 *
 * @returns {Element[]}
 */
export function readElements() {
  const [header = '', ...lines] = readFileSync(new URL('elements.tsv', import.meta.url), 'utf8')
    .replace(/\n$/, '')
    .split('\n');
  if (header !== COLUMNS.join('\t'))
    throw new Error(`elements.tsv: columns ${COLUMNS.join(', ')} are needed, got ${header}`);
  return lines.map((line) => {
    const cells = line.split('\t');
    if (cells.length !== COLUMNS.length)
      throw new Error(`elements.tsv: ${COLUMNS.length} cells are needed, got "${line}"`);
    /** @param {string} column */
    const cell = (column) => cells[COLUMNS.indexOf(column)] ?? '';
    const number = Number(cell('number'));
    return {
      number,
      symbol: cell('symbol'),
      name: cell('name'),
      category: cell('category'),
      state: /** @type {Element['state']} */ (cell('state')),
      weight: cell('weight'),
      melting: cell('melting') === '' ? undefined : Number(cell('melting')),
      year: cell('year'),
      discoverer: cell('discoverer'),
      origin: cell('named_after'),
      word: cell('word'),
      latin: cell('latin'),
      use: cell('use'),
      period: periodOf(number),
      group: groupOf(number),
    };
  });
}

/**
 * The period (row) of an element.
 *
 * @param {number} number atomic number, 1 to 118
 * @returns {number}
 */
export function periodOf(number) {
  return NOBLE_GASES.findIndex((last) => number <= last) + 1;
}

/**
 * The group (column) of an element in the 18-column table; lanthanides (57–71) and actinides (89–103) have none.
 *
 * @param {number} number atomic number, 1 to 118
 * @returns {number | undefined}
 */
export function groupOf(number) {
  if ((number >= 57 && number <= 71) || (number >= 89 && number <= 103)) return undefined;
  const period = periodOf(number);
  const last = NOBLE_GASES[period - 1] ?? 0;
  const before = NOBLE_GASES[period - 2] ?? 0;
  // The first two columns are filled from the left, all others from the noble gas at the right.
  return number - before <= 2 && number !== 2 ? number - before : 18 - (last - number);
}
