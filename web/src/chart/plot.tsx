import 'uplot/dist/uPlot.min.css';
import './plot.css';
import { Group, Text, useComputedColorScheme, VisuallyHidden } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import uPlot from 'uplot';
import { usePreference } from '@/prefs/preference';
import { series as colors } from '@/theme/tokens';
import { absolute } from '@/time/time';
import { aligned, step, summary, type ChartData } from './data';
import { dash, options } from './options';

interface Props {
  title: string;
  data: ChartData;
  format: (value: number) => string;
  height: number;
  stacked?: boolean;
  spans?: boolean;
}

/** Plot is the drawn chart: a picture with a name, in which arrow keys move a cursor that is read out. */
export default function Plot({ title, data, format, height, stacked = false, spans = false }: Props) {
  const theme = useComputedColorScheme('light');
  const [clock] = usePreference('clock');
  const { ref: box, width } = useElementSize();
  const target = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [at, setAt] = useState<number | null>(null);
  const labels = data.series.map((s) => s.label).join('\n');

  useEffect(() => {
    if (!target.current || width === 0) return;
    const made = new uPlot(options({ labels: labels.split('\n'), width, height, theme, utc: clock === 'utc', stacked, format, spans, onCursor: setAt }), [[]], target.current);
    plot.current = made;
    return () => {
      plot.current = null;
      made.destroy();
    };
  }, [labels, width, height, theme, clock, stacked, format, spans]);

  useEffect(() => {
    plot.current?.setData(stacked ? stack(data) : aligned(data));
  }, [data, stacked, labels, width, height, theme, clock, format, spans]);

  const press = (e: KeyboardEvent) => {
    const next = step(e.key, at, data.times.length);
    if (next === undefined || !plot.current) return;
    e.preventDefault();
    setAt(next);
    plot.current.setCursor({ left: plot.current.valToPos(data.times[next]! / 1000, 'x'), top: 0 });
  };

  const told = at === null ? '' : `${absolute(data.times[at] ?? 0, clock)}: ${data.series.map((s) => `${s.label} ${tell(s.values[at], format)}`).join(', ')}`;
  return (
    <div ref={box}>
      {/* The plot takes keys, as a slider does: its cursor is the value. */}
      <div ref={target} role="slider" tabIndex={0} aria-label={summary(title, data, format)} aria-valuemin={0} aria-valuemax={Math.max(0, data.times.length - 1)} aria-valuenow={at ?? 0} aria-valuetext={told || 'No value picked'} onKeyDown={press} style={{ height }} />
      <VisuallyHidden aria-live="polite">{told}</VisuallyHidden>
      <Group gap="md" mt={4} mih={20}>
        {data.series.map((s, i) => (
          <Group key={s.label} gap={6} wrap="nowrap">
            <svg width={18} height={4} aria-hidden><line x1={0} x2={18} y1={2} y2={2} strokeWidth={3} stroke={colors[theme][i % colors[theme].length]} strokeDasharray={dash(i).join(' ')} /></svg>
            <Text size="xs">{s.label}{at !== null && <b> {tell(s.values[at], format)}</b>}</Text>
          </Group>
        ))}
        {at !== null && <Text size="xs" c="dimmed">{absolute(data.times[at] ?? 0, clock)}</Text>}
      </Group>
    </div>
  );
}

const tell = (v: number | null | undefined, format: (v: number) => string) => (v === null || v === undefined ? 'no value' : format(v));


/** stack adds each series to those below it. */
function stack(data: ChartData): uPlot.AlignedData {
  const below = data.times.map(() => 0);
  const added = data.series.map((s) => s.values.map((v, i) => (v === null ? null : (below[i] = below[i]! + v))));
  return [data.times.map((t) => t / 1000), ...added] as uPlot.AlignedData;
}
