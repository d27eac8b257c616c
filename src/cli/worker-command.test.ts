import { expect, it } from 'vitest';
import { stopCommand, workerCommand } from './worker-command.js';

const options = { store: '.finetune', taskQueue: 'finetune' };

it('a Worker is told where the server of a database of its own is, which it could not find', () => {
  const told = (more: object): string => workerCommand({ ...options, ...more }, '127.0.0.1:4000', {});
  expect(told({})).toBe('finetune worker');
  expect(told({ db: 'other.db' })).toBe('finetune worker --address 127.0.0.1:4000');
  expect(told({ db: 'other.db', store: '/srv/the store', data: ['texts'], namespace: 'n' })).toBe(
    "finetune worker --store '/srv/the store' --data texts --address 127.0.0.1:4000 --namespace n",
  );
  expect(stopCommand({ db: 'an other.db' }, {})).toBe("finetune server stop --db 'an other.db'");
});
