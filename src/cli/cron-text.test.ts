import { describe, expect, it } from 'vitest';
import { cronText } from './cron-text.js';

const one = <T extends number | string>(start: T, end: T = start, step = 1): { start: T; end: T; step: number }[] => [
  { start, end, step },
];
const monthly: Parameters<typeof cronText>[0] = {
  ...{ second: one(0), minute: one(0), hour: one(3), dayOfMonth: one(1), year: [] },
  ...{ month: one('JANUARY', 'DECEMBER'), dayOfWeek: one('SUNDAY', 'SATURDAY') },
};

describe('cronText', () => {
  it('writes a calendar as the expression that it came from', () => {
    expect(cronText(monthly)).toBe('0 3 1 * *');
    const workdays = { ...monthly, dayOfMonth: one(1, 31), dayOfWeek: one('MONDAY', 'FRIDAY') };
    expect(cronText({ ...workdays, minute: one(0, 59, 15), hour: [...one(9), ...one(17)] })).toBe(
      '*/15 9,17 * * MON-FRI',
    );
  });

  it('adds what a cron expression has no place for', () => {
    expect(cronText({ ...monthly, second: one(30), year: one(2027), comment: 'trial' })).toBe(
      '0 3 1 * * at second 30 in 2027 (trial)',
    );
  });
});
