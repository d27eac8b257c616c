import { expect, it } from 'vitest';
import { callAs } from './invocation.js';

it('hints are given in the words that the command was called with', () => {
  const called = (event: string | undefined) =>
    ['run spec.json', 'server stop'].map((command) => callAs(command, { npm_lifecycle_event: event }));
  expect(called('start')).toEqual(['npm start', 'npm run -s finetune -- server stop']);
  expect(called('finetune')).toEqual(['npm run -s finetune -- run spec.json', 'npm run -s finetune -- server stop']);
  expect(called('npx')).toEqual(['npx finetune run spec.json', 'npx finetune server stop']);
  expect(called(undefined)).toEqual(['finetune run spec.json', 'finetune server stop']);
});
