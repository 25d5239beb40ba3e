import './grid.css';
import { ScrollArea, Text } from '@mantine/core';
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import { count } from '@/number';
import { span } from '@/time/time';
import { recoverable, states, step, type Cell, type Row } from './cells';

interface Props {
  rows: Row[];
  now: number;
  picked?: { row: string; at: number };
  onPick: (row: string, at: number) => void;
}

const isoHour = (at: number) => new Date(at).toISOString().slice(11, 16);
const day = (at: number) => new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' }).format(new Date(at));

/** Grid draws the hours. One cell of it takes part in the order of Tab; arrow keys, Home, End and Page keys move it, Enter opens the hour. */
export function Grid({ rows, now, picked, onPick }: Props) {
  const columns = rows[0]!.cells.length;
  const [at, move] = useState<[number, number]>([0, columns - 1]);
  const table = useRef<HTMLTableElement>(null);
  const [row, column] = [Math.min(at[0], rows.length - 1), Math.min(at[1], columns - 1)];
  const box = useRef<HTMLDivElement>(null);
  // The newest hours are what people look for first.
  useEffect(() => {
    // Newer browsers answer with a promise, which is no clean-up.
    void box.current?.scrollTo({ left: box.current.scrollWidth });
  }, [columns]);
  const press = (e: KeyboardEvent) => {
    const to = step(e.key, e.ctrlKey || e.metaKey, [row, column], rows.length, columns);
    if (!to) return;
    e.preventDefault();
    move(to);
    table.current?.querySelector<HTMLElement>(`[data-cell="${to[0]}-${to[1]}"]`)?.focus();
  };
  return (
    <ScrollArea type="auto" viewportRef={box} className="panel coverage-box" viewportProps={{ tabIndex: -1 }}>
      {/* A table that is moved in by keys is a grid: ARIA's own pattern. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-to-interactive-role */}
      <table className="coverage" role="grid" aria-label="Coverage by hour; arrow keys move, Enter opens an hour" ref={table} onKeyDown={press} aria-rowcount={rows.length + 1} aria-colcount={columns + 1}>
        <thead>
          <tr><th scope="col">Flow and stream</th>{days(rows[0]!.cells).map((d) => <th key={d.at} scope="colgroup" colSpan={d.hours}><span>{day(d.at)}</span></th>)}</tr>
        </thead>
        <tbody>
          {rows.map((r, i) => (
            <tr key={r.key}>
              <th scope="row"><Text size="sm" fw={600} component="span" display="block" truncate>{r.stream || 'all'}</Text><Text size="xs" c="dimmed" component="span" display="block" truncate>{r.flow || r.source}</Text></th>
              {r.cells.map((c, j) => (
                <td key={c.at} role="gridcell" aria-selected={picked?.row === r.key && picked.at === c.at} data-day={new Date(c.at).getUTCHours() === 0 || undefined}>
                  <button type="button" data-cell={`${i}-${j}`} data-state={c.state} tabIndex={i === row && j === column ? 0 : -1} aria-label={told(r, c, now)} title={`${day(c.at)} ${isoHour(c.at)}: ${states[c.state].word}`} onFocus={() => move([i, j])} onClick={() => onPick(r.key, c.at)}>{states[c.state].sign}</button>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollArea>
  );
}

/** told is what is read of a cell. */
function told(r: Row, c: Cell, now: number): string {
  const what = c.state === 'missing' || c.state === 'partial' ? `, can be had for ${span(recoverable(c.at, now))} more` : c.delivered ? `, ${count(c.delivered.records)} records` : '';
  return `${r.stream} ${r.flow}, ${day(c.at)} ${isoHour(c.at)}: ${states[c.state].word}${what}`;
}

function days(cells: Cell[]): { at: number; hours: number }[] {
  const out: { at: number; hours: number }[] = [];
  for (const c of cells) {
    const last = out.at(-1);
    if (last && new Date(last.at).getUTCDate() === new Date(c.at).getUTCDate()) last.hours++;
    else out.push({ at: c.at, hours: 1 });
  }
  return out;
}
