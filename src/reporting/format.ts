// Numbers and texts as the report prints them.

/** A metric with three decimals. */
export function metric(value: number): string {
  return value.toFixed(3);
}

/** A difference with its sign, three decimals; a true minus sign. */
export function signed(value: number): string {
  const digits = Math.abs(value).toFixed(3);
  return Number(digits) === 0 ? '±0.000' : `${value > 0 ? '+' : '−'}${digits}`;
}

/** A whole number with thousands divided by commas. */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** `1 question`, `2 questions`. */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** Seconds as `42 s`, `3 min 5 s` or `2 h 10 min`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** The beginning of a text, cut at a word where there is one, with an ellipsis. */
export function excerpt(text: string, length: number): string {
  const characters = Array.from(text.trim());
  if (characters.length <= length) return characters.join('');
  const head = characters.slice(0, length).join('');
  const space = head.search(/\s\S*$/);
  return `${space > length / 2 ? head.slice(0, space) : head} …`;
}

/** A metric as people write it: `NDCG@10` for the key `ndcg@10`. */
export function metricLabel(key: string): string {
  const [name, cutoff] = key.split('@');
  const label = METRIC_LABELS[name ?? ''] ?? name ?? key;
  return cutoff === undefined ? label : `${label}@${cutoff}`;
}

const METRIC_LABELS: Record<string, string> = {
  hit_rate: 'Hit rate',
  ndcg: 'NDCG',
  mrr: 'MRR',
  map: 'MAP',
  accuracy: 'Accuracy',
  precision: 'Precision',
  recall: 'Recall',
};
