import { expect, it } from 'vitest';
import { callAgain, callAs, callOn } from './invocation.js';

it('hints are given in the words that the command was called with', () => {
  const called = (event: string | undefined) =>
    ['run spec.json', 'server stop'].map((command) => callAs(command, { npm_lifecycle_event: event }));
  expect(called('start')).toEqual(['npm start', 'npm run -s finetune -- server stop']);
  expect(called('finetune')).toEqual(['npm run -s finetune -- run spec.json', 'npm run -s finetune -- server stop']);
  expect(called('npx')).toEqual(['npx finetune run spec.json', 'npx finetune server stop']);
  expect(called(undefined)).toEqual(['finetune run spec.json', 'finetune server stop']);
});

it('the same command once more has all its options, as a shell takes them', () => {
  const argv = ['run', 'examples/quickstart.json', '--id', "ours, or theirs'", '--store', '/srv/store'];
  const words = "--id 'ours, or theirs'\\''' --store /srv/store";
  expect(callAgain(argv, {})).toBe(`finetune run examples/quickstart.json ${words}`);
  expect(callAgain(argv, { npm_lifecycle_event: 'start' })).toBe(`npm start -- ${words}`);
  expect(callAgain(argv.slice(0, 2), { npm_lifecycle_event: 'start' })).toBe('npm start');
});

it('another command on the same server names server and queue', () => {
  const where = { address: 'a:1', namespace: 'n', tls: true, apiKeyEnv: 'KEY', taskQueue: 'q' };
  expect(callOn('watch id', where, {})).toBe(
    'finetune watch id --address a:1 --namespace n --tls --api-key-env KEY --task-queue q',
  );
  expect(callOn('watch id', { taskQueue: 'finetune' }, {})).toBe('finetune watch id');
});
