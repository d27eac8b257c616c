// A Schedule's calendar as the server keeps it, written back as the cron expression that a person would have given.
import type { CalendarSpecDescription } from '@temporalio/client';

interface Span {
  start: number | string;
  end: number | string;
  step: number;
}

/** Minute, hour, day of the month, month and day of the week, e.g. `0 3 1 * *`; seconds and years only where they say something. */
export function cronText({ comment, ...calendar }: CalendarSpecDescription): string {
  const { second, minute, hour, dayOfMonth, month, dayOfWeek, year } = calendar;
  const fields = [
    field(minute, [0, 59]),
    field(hour, [0, 23]),
    field(dayOfMonth, [1, 31]),
    field(month, ['JANUARY', 'DECEMBER']),
    field(dayOfWeek, ['SUNDAY', 'SATURDAY']),
  ].join(' ');
  const seconds = field(second, [0, 59]);
  return [
    fields,
    ...(seconds === '0' ? [] : [`at second ${seconds}`]),
    ...(year.length === 0 ? [] : [`in ${year.map(written).join(',')}`]),
    ...(comment ? [`(${comment})`] : []),
  ].join(' ');
}

function field(spans: readonly Span[], [first, last]: [Span['start'], Span['end']]): string {
  const [only] = spans;
  if (spans.length === 1 && only?.start === first && only.end === last) return only.step > 1 ? `*/${only.step}` : '*';
  return spans.map(written).join(',');
}

function written({ start, end, step }: Span): string {
  const range = end === start ? short(start) : `${short(start)}-${short(end)}`;
  return step > 1 ? `${range}/${step}` : range;
}

/** Months and days by their first three letters, as cron has them. */
function short(value: number | string): string {
  return typeof value === 'number' ? String(value) : value.slice(0, 3);
}
