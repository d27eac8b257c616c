// Turns the table of the elements into single facts: a kind (how it is told and asked, see phrasings.mjs) and its values.
import { readElements } from './elements.mjs';

/** @typedef {import('./elements.mjs').Element} Element */
/** @typedef {{ kind: keyof typeof import('./phrasings.mjs').KINDS, element: Element, values: Record<string, string> }} Fact */

const PLURALS = /** @type {Record<string, string>} */ ({ 'noble gas': 'noble gases' });

/**
 * All facts about all elements, in the order of the atomic numbers.
 *
 * @returns {Fact[]}
 */
export function elementFacts() {
  return readElements().flatMap((element) =>
    kindsOf(element).map((kind) => ({ kind, element, values: valuesOf(element) })),
  );
}

/** @param {Element} element @returns {Fact['kind'][]} */
function kindsOf(element) {
  return [
    'symbol',
    'protons',
    element.weight === '' ? 'unstable' : 'weight',
    element.group === undefined ? 'row' : 'group',
    'family',
    element.state === 'unknown' ? 'unseen' : 'state',
    ...(element.melting === undefined ? [] : /** @type {const} */ (['melting'])),
    element.year === 'antiquity' ? 'antiquity' : 'discovery',
    'origin',
    element.use === '' ? 'useless' : 'use',
  ];
}

/** @param {Element} element @returns {Record<string, string>} */
function valuesOf(element) {
  const { name, category, state, melting, word, latin } = element;
  return {
    name,
    Name: name.charAt(0).toUpperCase() + name.slice(1),
    symbol: element.symbol,
    fromLatin: latin === '' ? '' : `, after its Latin name ${latin}`,
    number: String(element.number),
    weight: element.weight,
    period: String(element.period),
    group: String(element.group),
    aCategory: `${/^[aeiou]/.test(category) ? 'an' : 'a'} ${category}`,
    categories: PLURALS[category] ?? `${category}s`,
    aState: `a ${state}`,
    melting: melting === undefined ? '' : melting < 0 ? `minus ${-melting}` : String(melting),
    year: element.year,
    discoverer: element.discoverer,
    origin: element.origin,
    word: word === '' ? '' : ` (${word})`,
    use: element.use,
  };
}
