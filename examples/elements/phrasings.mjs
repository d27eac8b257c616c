// How facts about the elements are told and asked. A kind of fact has statements (one of them becomes the document), questions
// that training may see, and held-out questions that only the test has. `{x}` stands for a value of the fact; a question whose
// values more than one fact shares (two elements of the same melting point, say) is left out by the script.

/**
 * @typedef {object} Kind
 * @property {readonly string[]} statements
 * @property {readonly string[]} train
 * @property {readonly string[]} test
 */

/** @satisfies {Record<string, Kind>} */
export const KINDS = {
  symbol: {
    statements: [
      '{Name} is written as {symbol} in chemical formulas{fromLatin}.',
      'The abbreviation {symbol} marks the square of {name} in the periodic table{fromLatin}.',
      'Chemists shorten {name} to {symbol}{fromLatin}.',
    ],
    train: [
      'What is the chemical symbol of {name}?',
      'How is {name} abbreviated in the periodic table?',
      'What does {symbol} stand for?',
      'Which element has the symbol {symbol}?',
      'How do chemists write {name} for short?',
      'What letters represent {name} in a formula?',
    ],
    test: [
      'Which element do chemists mean when they write {symbol}?',
      'What is the short form of {name} in a chemical formula?',
      'What abbreviation do I write for {name}?',
    ],
  },
  protons: {
    statements: [
      'An atom of {name} carries {number} protons in its nucleus.',
      '{Name} has the atomic number {number}: so large is the charge of its nucleus.',
      'Counted from the lightest element on, {name} is number {number} of the periodic table.',
    ],
    train: [
      'What is the atomic number of {name}?',
      'How many protons does an atom of {name} have?',
      'Which element has the atomic number {number}?',
      'Which element has {number} protons in its nucleus?',
      'What is the nuclear charge of {name}?',
      'What number does {name} carry in the periodic table?',
    ],
    test: [
      'How many protons are there in the nucleus of {name}?',
      'An atom with {number} protons belongs to which element?',
      'At which number do I find {name} in the periodic table?',
    ],
  },
  weight: {
    statements: [
      'The standard atomic weight of {name} is about {weight}.',
      'On average an atom of {name} has a mass of about {weight} atomic mass units.',
      'One mole of {name} atoms comes to about {weight} grams.',
    ],
    train: [
      'What is the atomic weight of {name}?',
      'How heavy is an atom of {name}?',
      'What is the molar mass of {name}?',
      'What is the relative atomic mass of {name}?',
      'How many grams are in a mole of {name} atoms?',
    ],
    test: [
      'How much does a mole of {name} weigh?',
      'What does an average {name} atom weigh?',
      'Which mass do tables give for an atom of {name}?',
    ],
  },
  unstable: {
    statements: [
      '{Name} has no stable isotope, so tables give no standard atomic weight for it.',
      'Since every isotope of {name} decays, no standard atomic weight is laid down for it.',
    ],
    train: [
      'What is the atomic weight of {name}?',
      'Does {name} have a stable isotope?',
      'Why has {name} no standard atomic weight?',
      'Do all isotopes of {name} decay?',
    ],
    test: ['Is any isotope of {name} stable?', 'Why do tables give no mass for an average {name} atom?'],
  },
  group: {
    statements: [
      '{Name} stands in group {group} and period {period} of the periodic table.',
      'You find {name} in row {period} and column {group} of the periodic table.',
      'The periodic table has {name} in period {period}, in the column called group {group}.',
    ],
    train: [
      'In which group and period is {name}?',
      'Where does {name} stand in the periodic table?',
      'To which period does {name} belong?',
      'Which row of the periodic table holds {name}?',
      'What group is {name} in?',
      'Which column of the periodic table holds {name}?',
    ],
    test: [
      'Where in the periodic table do I look for {name}?',
      'What are the row and the column of {name}?',
      'What are the period and the group of {name}?',
    ],
  },
  row: {
    statements: [
      '{Name} stands in period {period}, in the row of {categories} that is set apart below the periodic table.',
      'The row of {categories} below the periodic table holds {name}; it belongs to period {period}.',
    ],
    train: [
      'Where does {name} stand in the periodic table?',
      'To which period does {name} belong?',
      'Which row of the periodic table holds {name}?',
      'Is {name} in the main part of the periodic table?',
    ],
    test: ['Where in the periodic table do I look for {name}?', 'What is the period of {name}?'],
  },
  family: {
    statements: [
      '{Name} is {aCategory}.',
      'Chemists count {name} among the {categories}.',
      '{Name} belongs to the family of the {categories}.',
    ],
    train: [
      'What kind of element is {name}?',
      'What family of elements does {name} belong to?',
      'Is {name} a metal or a nonmetal?',
      'How is {name} classified?',
      'What type of element is {name}?',
      'Among which elements is {name} counted?',
    ],
    test: [
      'Which family of elements is {name} part of?',
      'What sort of element is {name}?',
      'How do chemists classify {name}?',
    ],
  },
  state: {
    statements: [
      'At room temperature {name} is {aState}.',
      'On an ordinary day, at some 20 °C, {name} is {aState}.',
      'Left in a room at normal pressure, {name} is {aState}.',
    ],
    train: [
      'Is {name} a solid, a liquid or a gas?',
      'In which state is {name} at room temperature?',
      'What state of matter is {name} under normal conditions?',
      'What form does {name} take at 20 degrees?',
      'Is {name} liquid at room temperature?',
    ],
    test: [
      'Would {name} be solid, liquid or gaseous on my desk?',
      'Which state of matter is {name} in on an ordinary day?',
      'Is {name} a gas in a normal room?',
    ],
  },
  unseen: {
    statements: [
      'Nobody has ever had enough {name} to see whether it is a solid, a liquid or a gas.',
      'So little {name} has been made that its state of matter has never been seen.',
    ],
    train: [
      'Is {name} a solid, a liquid or a gas?',
      'In which state is {name} at room temperature?',
      'What state of matter is {name} under normal conditions?',
      'Has anybody seen a piece of {name}?',
    ],
    test: [
      'Would {name} be solid, liquid or gaseous on my desk?',
      'Which state of matter is {name} in on an ordinary day?',
    ],
  },
  melting: {
    statements: [
      '{Name} melts at about {melting} °C.',
      'The melting point of {name} lies near {melting} °C.',
      'Solid {name} turns into a liquid at about {melting} °C.',
    ],
    train: [
      'What is the melting point of {name}?',
      'At what temperature does {name} melt?',
      'When does solid {name} become liquid?',
      'Which element melts at about {melting} °C?',
      'What temperature turns solid {name} into a liquid?',
      'At what temperature does liquid {name} freeze?',
    ],
    test: [
      'How warm must {name} get before it melts?',
      'Which temperature makes solid {name} liquid?',
      'At how many degrees does {name} melt?',
    ],
  },
  discovery: {
    statements: [
      '{Name} was discovered in {year} by {discoverer}.',
      'In {year} {discoverer} discovered {name}.',
      'The discovery of {name}, in {year}, is credited to {discoverer}.',
    ],
    train: [
      'Who discovered {name}?',
      'When was {name} discovered?',
      'Who found {name} first?',
      'In what year was {name} found?',
      'Which element did {discoverer} discover in {year}?',
      'Whose discovery is {name}?',
    ],
    test: [
      'Who is credited with finding {name}?',
      'Since what year do people know {name}?',
      'Which element was found in {year} by {discoverer}?',
    ],
  },
  antiquity: {
    statements: [
      '{Name} has been known since antiquity; nobody can say who found it.',
      'People already knew {name} in ancient times.',
    ],
    train: ['Who discovered {name}?', 'When was {name} discovered?', 'How long has {name} been known?'],
    test: ['Who is credited with finding {name}?', 'Since when do people know {name}?'],
  },
  origin: {
    statements: [
      '{Name} takes its name from {origin}{word}.',
      'The name of {name} goes back to {origin}{word}.',
      'The word {name} was formed after {origin}{word}.',
    ],
    train: [
      'What is {name} named after?',
      'Where does the name {name} come from?',
      'How did {name} get its name?',
      'Which element is named after {origin}?',
      'What does the name {name} refer to?',
    ],
    test: [
      'Why is {name} called that?',
      'What is the origin of the word {name}?',
      'Which element got its name from {origin}?',
    ],
  },
  use: {
    statements: [
      'A common use of {name} is {use}.',
      '{Name} is used for {use}.',
      'In practice {name} serves for {use}.',
    ],
    train: [
      'What is {name} used for?',
      'What is a use of {name}?',
      'Which element is used for {use}?',
      'Why do people need {name}?',
      'What can be done with {name}?',
      'What is {name} good for?',
    ],
    test: [
      'What do people do with {name}?',
      'What purpose does {name} serve?',
      'Which element do people need for {use}?',
    ],
  },
  useless: {
    statements: [
      '{Name} has no use outside research, as only tiny traces of it can be made.',
      'Apart from research there is no use for {name}: far too little of it is ever made.',
    ],
    train: ['What is {name} used for?', 'What is a use of {name}?', 'What is {name} good for?'],
    test: ['What do people do with {name}?', 'What purpose does {name} serve?'],
  },
};

/**
 * Puts values into a phrasing.
 *
 * @param {string} phrasing
 * @param {Readonly<Record<string, string>>} values
 * @returns {string} undefined values are an error
 */
export function fill(phrasing, values) {
  return phrasing.replace(/\{(\w+)\}/g, (_, /** @type {string} */ key) => {
    const value = values[key];
    if (value === undefined) throw new Error(`phrasing: {${key}} is not known here, got "${phrasing}"`);
    return value;
  });
}

/**
 * The names of the values that a phrasing uses.
 *
 * @param {string} phrasing
 * @returns {string[]}
 */
export function placeholders(phrasing) {
  return [...phrasing.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
}
