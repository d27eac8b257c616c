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

it('refuses pauses and attempts that the workflow could not be given, with the defaults filled in', () => {
  expect(() => demandActivityTimes({ retry: { initialInterval: 120 } })).toThrow(
    'activityTimes.maximumInterval: at least initialInterval (120) is needed, got 60 (the default)',
  );
  expect(() => demandActivityTimes({ retry: { maximumInterval: 0.5 } })).toThrow(
    'activityTimes.maximumInterval: at least initialInterval (1) is needed, got 0.5',
  );
  expect(() => demandActivityTimes({ retry: { backoffCoefficient: 0.5 } })).toThrow(
    'activityTimes.backoffCoefficient: at least 1 is needed, got 0.5',
  );
  for (const maximumAttempts of [2.5, 0.5, 2 ** 31]) {
    expect(() => demandActivityTimes({ retry: { maximumAttempts } })).toThrow(
      `activityTimes.maximumAttempts: a whole number from 1 to 2147483647 is needed, got ${maximumAttempts}`,
    );
  }
  const fine = { retry: { initialInterval: 120, maximumInterval: 120, backoffCoefficient: 1, maximumAttempts: 1 } };
  expect(demandActivityTimes(fine)).toBe(fine);
});
