// A picture of several lines as inline SVG, for the pages of sweeps and chains, drawn as those of a run (curve.ts).
import { shorten } from '../src/spec/shorten.js';
import { dot, FONT, Frame, line, PANEL_HEIGHT, PANEL_WIDTH, text, title } from './drawing.js';

/** Colours of the lines, in order; the rest are grey. */
const LINE_COLOURS = ['#22a27a', '#7c83ff', '#d9822b', '#c2477f', '#4aa3df', '#9a7b1f'];
const MOST_POINTS = 20;
const MOST_LINES = 16;
const MOST_NAMES = 4;
const LONGEST_NAME = 60;
/** Names nearer than this would stand on each other. */
const NAME_ROOM = { x: 80, y: 12 };

/** What to draw: shares of 1, such as NDCG; the first line is drawn strongest. */
export interface LineChart {
  title: string;
  /** First and last mark of the axis below. */
  ends: [string, string];
  xRange: [number, number];
  lines: { label: string; points: readonly (readonly [x: number, y: number])[] }[];
}

/** The picture; empty while no line has a point. */
export function drawLines(chart: LineChart): string {
  const lines = chart.lines.filter(({ points }) => points.length > 0).slice(0, MOST_LINES);
  if (lines.length === 0) return '';
  const values = lines.flatMap(({ points }) => points.map(([, y]) => y));
  const [first, last] = chart.xRange;
  const range = [Math.min(...values), Math.max(...values)] as const;
  const frame = new Frame([first, Math.max(last, first + 1)], range, 0.12, 1);
  const names: Place[] = [];
  const drawn = lines.map(({ label, points }, place) => {
    const colour = LINE_COLOURS[place] ?? '#8a8f98';
    const every = Math.ceil(points.length / MOST_POINTS);
    const shown = points
      .filter((_, index) => (points.length - 1 - index) % every === 0)
      .map(([x, y]) => [frame.x(x), frame.y(y)] as const);
    const [endX, endY] = shown.at(-1)!;
    return [
      line(shown, colour),
      ...(place < LINE_COLOURS.length ? shown.map(([x, y]) => dot(x, y, colour, place === 0 ? 4 : 2.5)) : []),
      // Names stand at the ends of the first few only: they would cover each other.
      ...(place < MOST_NAMES ? [nameAt({ x: endX, y: endY }, escapeText(label), colour, names)] : []),
    ];
  });
  return [
    `<svg viewBox="0 0 ${PANEL_WIDTH} ${PANEL_HEIGHT}" width="100%" height="${PANEL_HEIGHT}" preserveAspectRatio="xMinYMin meet" role="img" aria-label="${escapeText(chart.title)}" fill="currentColor" ${FONT}>`,
    title(escapeText(chart.title), 'currentColor'),
    ...frame.axes({ xLabel: (x) => escapeText(x === first ? chart.ends[0] : chart.ends[1]), ends: [first, last] }),
    ...drawn.reverse().flat(),
    '</svg>',
  ].join('\n');
}

interface Place {
  x: number;
  y: number;
}

/** Beside the line's end, on the side where there is room, and where no earlier name stands. */
function nameAt({ x, y }: Place, name: string, colour: string, taken: Place[]): string {
  const isLeft = x < PANEL_WIDTH / 2;
  const offsets = isLeft ? [4, 17, -9, 30] : [-7, 17, -20, 30];
  const isFree = (offset: number): boolean =>
    !taken.some((other) => Math.abs(other.x - x) < NAME_ROOM.x && Math.abs(other.y - (y + offset)) < NAME_ROOM.y);
  const place = { x, y: y + (offsets.find(isFree) ?? offsets[0]!) };
  taken.push(place);
  return isLeft
    ? text(x + 8, place.y, name, { anchor: 'start', colour })
    : text(x - 6, place.y, name, { anchor: 'end', colour });
}

/** Texts that may come from data. */
function escapeText(label: string): string {
  return shorten(label, LONGEST_NAME)
    .replace(/[\r\n]+/g, ' ')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;');
}
