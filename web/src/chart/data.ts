/** A Series is one line of a chart. null is a gap: it is drawn as one, never joined. */
export interface Series {
  label: string;
  values: (number | null)[];
}

/** What a chart shows: times in milliseconds, rising, and a value of each series for each of them. */
export interface ChartData {
  times: number[];
  series: Series[];
}

/** isEmpty tells that a chart would be bare axes: not one value, not even a zero. */
export const isEmpty = (d: ChartData): boolean => d.series.every((s) => s.values.every((v) => v === null));

/** aligned gives uPlot's form: seconds first, then one array for each series. */
export const aligned = (d: ChartData): [number[], ...(number | null)[][]] => [d.times.map((t) => t / 1000), ...d.series.map((s) => s.values)];

/** summary says in one sentence what a chart shows, for those who can't see it. */
export function summary(title: string, d: ChartData, format: (v: number) => string): string {
  const parts = d.series.map((s) => {
    const values = s.values.filter((v): v is number => v !== null);
    if (values.length === 0) return `${s.label}: nothing`;
    const last = values[values.length - 1]!;
    return `${s.label}: ${format(last)} last, between ${format(Math.min(...values))} and ${format(Math.max(...values))}`;
  });
  return `${title}. ${parts.join('. ')}. Arrow keys move through the values.`;
}

/** step moves a cursor by a key; undefined: the key is not for the chart. */
export function step(key: string, at: number | null, count: number): number | undefined {
  const last = count - 1;
  if (last < 0) return undefined;
  switch (key) {
    case 'ArrowLeft':
      return at === null ? last : Math.max(0, at - 1);
    case 'ArrowRight':
      return at === null ? 0 : Math.min(last, at + 1);
    case 'Home':
      return 0;
    case 'End':
      return last;
  }
  return undefined;
}
