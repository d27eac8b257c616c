import { expect, it } from 'vitest';
import { demandActivityTimes } from './activity-times.js';

it('refuses times that cannot work, by their names', () => {
  expect(() => demandActivityTimes({ heartbeatTimeout: 2 })).toThrow(
    /^activityTimes\.heartbeatTimeout: at least 5 seconds .* got 2/,
  );
  expect(() => demandActivityTimes({ startToCloseTimeout: 0 })).toThrow(
    /^activityTimes\.startToCloseTimeout: .* got 0/,
  );
  expect(() => demandActivityTimes({ retry: { maximumAttempts: NaN } })).toThrow(/^activityTimes\.maximumAttempts/);
  const fine = { heartbeatTimeout: 60, scheduleToStartTimeout: undefined, retry: { maximumAttempts: 3 } };
  expect(demandActivityTimes(fine)).toBe(fine);
});
