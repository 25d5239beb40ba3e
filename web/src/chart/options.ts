import uPlot from 'uplot';
import { series as colors, tokens, type Theme } from '@/theme/tokens';

interface Wanted {
  labels: string[];
  width: number;
  height: number;
  theme: Theme;
  utc: boolean;
  stacked: boolean;
  format: (value: number) => string;
  /** The values are seconds. */
  spans: boolean;
  onCursor: (at: number | null) => void;
}

// How uPlot writes the time axis, by the step between ticks: the text, and what stands below it where a day or year begins. 24 hours, as everywhere.
const times: uPlot.Axis.Values = [
  [86_400, '{D} {MMM}', '\n{YYYY}', null, null, null, null, null, 1],
  [60, '{HH}:{mm}', '\n{D} {MMM} {YYYY}', null, '\n{D} {MMM}', null, null, null, 1],
  [1, '{HH}:{mm}:{ss}', '\n{D} {MMM} {YYYY}', null, '\n{D} {MMM}', null, null, null, 1],
];

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** spans are the steps of an axis of durations, in seconds: halves and quarters of what a clock has, not of a thousand. */
const spans = [1, 2, 5, 10, 15, 30, minute, 2 * minute, 5 * minute, 10 * minute, 15 * minute, 30 * minute, hour, 2 * hour, 3 * hour, 6 * hour, 12 * hour, ...[1, 2, 5, 10, 20, 50, 100, 200, 500].map((n) => n * day)];

/** spanTick writes a tick of durations without rounding: between "24 h" and "2 days" stands "36 h". */
export function spanTick(seconds: number): string {
  if (seconds === 0) return '0';
  if (seconds >= 2 * day && seconds % day === 0) return `${seconds / day} days`;
  if (seconds % hour === 0) return `${seconds / hour} h`;
  return seconds % minute === 0 ? `${seconds / minute} min` : `${seconds} s`;
}

/** steps are how far two ticks of the value axis may be apart: of what is counted a whole number, or labels would be there twice. */
const steps = (u: uPlot): number[] => {
  const counted = u.data.slice(1).every((values) => [...values].every((v) => v == null || Number.isInteger(v)));
  return Array.from({ length: counted ? 16 : 20 }, (_, i) => i - (counted ? 0 : 4)).flatMap((e) => [10 ** e, 2 * 10 ** e, 5 * 10 ** e]);
};

/** options gives uPlot's options for the theme. Gaps stay gaps. */
export function options(w: Wanted): uPlot.Options {
  const t = tokens[w.theme];
  const axis = { stroke: t.dimmed, grid: { stroke: t.line, width: 1 }, ticks: { stroke: t.line, width: 1 }, font: '12px system-ui, sans-serif' };
  return {
    width: w.width,
    height: w.height,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 6 } },
    tzDate: (seconds) => (w.utc ? uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC') : new Date(seconds * 1000)),
    scales: { y: { range: (_u, _min, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [{ ...axis, values: times }, { ...axis, size: 64, incrs: w.spans ? spans : steps, values: (_u, ticks) => ticks.map(w.spans ? spanTick : w.format) }],
    series: [
      {},
      ...w.labels.map((label, i): uPlot.Series => {
        const color = colors[w.theme][i % colors[w.theme].length]!;
        return { label, stroke: color, width: 2, dash: dash(i), spanGaps: false, points: { show: false, size: 5, fill: color, filter: lone }, fill: w.stacked ? `${color}22` : undefined };
      }),
    ],
    hooks: { setCursor: [(u) => w.onCursor(u.cursor.idx ?? null)] },
  };
}

/** lone picks the points that have a gap on both sides: a line would not show them. */
const lone: uPlot.Series.Points.Filter = (u, i) => {
  const values = u.data[i] ?? [];
  return [...values.keys()].filter((at) => values[at] != null && values[at - 1] == null && values[at + 1] == null);
};

/** dash tells a line from its neighbours without colour. */
export const dash = (i: number): number[] => [[], [6, 4], [2, 3], [8, 3, 2, 3]][i % 4]!;
