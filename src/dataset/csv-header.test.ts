import { describe, expect, it } from 'vitest';
import { parseCsvHeader } from './csv-header.js';

describe('a CSV header', () => {
  it('tells delimiter and names, also quoted ones with the delimiter, a quote or a line break in them', () => {
    expect(parseCsvHeader('"a;b";"say ""x""";"two\nlines",\n1;2;3', 'f')).toEqual({
      delimiter: ';',
      names: ['a;b', 'say "x"', 'two\nlines,'],
    });
    expect(parseCsvHeader('question,topic;,answer\r\n', 'f')).toEqual({
      delimiter: ',',
      names: ['question', 'topic;', 'answer'],
    });
  });

  it('gives empty and repeated names a number', () => {
    expect(parseCsvHeader('a,,a\n', 'f').names).toEqual(['a', 'column2', 'a_3']);
  });

  it('gives names a number that differ in the case of their letters alone, and none twice', () => {
    expect(parseCsvHeader('Question,question,ANSWER,answer,Ä,ä\n', 'f').names).toEqual([
      'Question',
      'question_2',
      'ANSWER',
      'answer_4',
      'Ä',
      'ä',
    ]);
    expect(parseCsvHeader('a,a_3,A\n', 'f').names).toEqual(['a', 'a_3', 'A_3_3']);
  });

  it('that is missing or never closed is told', () => {
    expect(() => parseCsvHeader('\n', 'f.csv')).toThrow('dataset: f.csv is empty');
    expect(() => parseCsvHeader('a,"b\nc', 'f.csv')).toThrow(/f\.csv, line 1: a quote is opened and never closed/);
  });
});
