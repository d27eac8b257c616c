// BERT's normaliser and pre-tokeniser, lower-cased (Devlin et al., 2018; as the tokenizers library's BertNormalizer and
// BertPreTokenizer do it): control characters go, Chinese characters stand alone, accents are stripped, and text is split
// at white space and around every punctuation mark. Only what the WordPiece trainer needs: words, without their offsets.

const CONTROL = /[\p{Cc}\p{Cf}\p{Cn}\p{Co}]/gu;
const CHINESE =
  /[\u4E00-\u9FFF\u3400-\u4DBF\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}\u{2B740}-\u{2B81F}\u{2B920}-\u{2CEAF}\uF900-\uFAFF\u{2F800}-\u{2FA1F}]/gu;
const WORDS = /[!-/:-@[-`{-~\p{P}]|[^\s!-/:-@[-`{-~\p{P}]+/gu;

/**
 * Normalises a text as a lower-casing BERT does.
 *
 * @param {string} text
 * @returns {string}
 */
export function normalise(text) {
  return text
    .replace(/[\t\n\r]/g, ' ')
    .replace(CONTROL, '')
    .replace(CHINESE, ' $& ')
    .normalize('NFD')
    .replace(/\p{Mn}/gu, '')
    .toLowerCase();
}

/**
 * Splits a text into lower-cased words and single punctuation marks.
 *
 * @param {string} text
 * @returns {string[]}
 */
export function bertWords(text) {
  return normalise(text).match(WORDS) ?? [];
}
