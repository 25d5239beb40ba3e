import './grid.css';
import { ScrollArea, Text } from '@mantine/core';
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import { step } from './step';

/** An Hour is one cell: when it begins, in milliseconds, and how it stands. */
export interface Hour {
  at: number;
  state: string;
}

/** A HourRow is one line of the grid; all lines have the same hours. */
export interface HourRow<H extends Hour = Hour> {
  key: string;
  /** What stands at its head. */
  name: string;
  more?: string;
  cells: H[];
}

/** How a state looks: its sign and its word. */
export interface Sign {
  sign: string;
  word: string;
}

interface Props<H extends Hour> {
  label: string;
  /** What the rows are, over their heads. */
  head: string;
  rows: HourRow<H>[];
  signs: Record<string, Sign>;
  picked?: { row: string; at: number };
  onPick: (row: string, at: number) => void;
  /** What is read of a cell beside row, time and state. */
  more?: (row: HourRow<H>, cell: H) => string;
}

const isoHour = (at: number) => new Date(at).toISOString().slice(11, 16);
const day = (at: number) => new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' }).format(new Date(at));

/** HourGrid draws hours. One cell of it takes part in the order of Tab; arrow keys, Home, End and Page keys move it, Enter opens the hour. */
export function HourGrid<H extends Hour>({ label, head, rows, signs, picked, onPick, more }: Props<H>) {
  const columns = rows[0]!.cells.length;
  const [at, move] = useState<[number, number]>([0, columns - 1]);
  const table = useRef<HTMLTableElement>(null);
  const [row, column] = [Math.min(at[0], rows.length - 1), Math.min(at[1], columns - 1)];
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // The newest hours are what people look for first. Newer browsers answer with a promise, which is no clean-up.
    void box.current?.scrollTo({ left: box.current.scrollWidth });
  }, [columns]);
  const press = (e: KeyboardEvent) => {
    const to = step(e.key, e.ctrlKey || e.metaKey, [row, column], rows.length, columns);
    if (!to) return;
    e.preventDefault();
    move(to);
    table.current?.querySelector<HTMLElement>(`[data-cell="${to[0]}-${to[1]}"]`)?.focus();
  };
  const told = (r: HourRow<H>, c: H) => [`${r.name}${r.more ? ` ${r.more}` : ''}, ${day(c.at)} ${isoHour(c.at)}: ${signs[c.state]?.word ?? c.state}`, more?.(r, c)].filter(Boolean).join(', ');
  return (
    <ScrollArea type="auto" viewportRef={box} className="panel hours-box" viewportProps={{ tabIndex: -1 }}>
      {/* A table that is moved in by keys is a grid: ARIA's own pattern. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-to-interactive-role */}
      <table className="hours" role="grid" aria-label={label} ref={table} onKeyDown={press} aria-rowcount={rows.length + 1} aria-colcount={columns + 1}>
        <thead>
          <tr><th scope="col">{head}</th>{days(rows[0]!.cells).map((d) => <th key={d.at} scope="colgroup" colSpan={d.hours}><span>{day(d.at)}</span></th>)}</tr>
        </thead>
        <tbody>
          {rows.map((r, i) => (
            <tr key={r.key}>
              <th scope="row"><Text size="sm" fw={600} component="span" display="block" truncate title={r.name}>{r.name}</Text>{r.more && <Text size="xs" c="dimmed" component="span" display="block" truncate title={r.more}>{r.more}</Text>}</th>
              {r.cells.map((c, j) => (
                <td key={c.at} role="gridcell" aria-selected={picked?.row === r.key && picked.at === c.at} data-day={new Date(c.at).getUTCHours() === 0 || undefined}>
                  <button type="button" data-cell={`${i}-${j}`} data-state={c.state} tabIndex={i === row && j === column ? 0 : -1} aria-label={told(r, c)} title={`${day(c.at)} ${isoHour(c.at)}: ${signs[c.state]?.word ?? c.state}`} onFocus={() => move([i, j])} onClick={() => onPick(r.key, c.at)}>{signs[c.state]?.sign}</button>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollArea>
  );
}

function days(cells: Hour[]): { at: number; hours: number }[] {
  const out: { at: number; hours: number }[] = [];
  for (const c of cells) {
    const last = out.at(-1);
    if (last && new Date(last.at).getUTCDate() === new Date(c.at).getUTCDate()) last.hours++;
    else out.push({ at: c.at, hours: 1 });
  }
  return out;
}

/** Signs says what the signs mean. */
export function Signs<S extends string>({ signs }: { signs: Record<S, Sign & { text: string }> }) {
  return (
    <ul className="legend" aria-label="What the signs mean">
      {(Object.keys(signs) as S[]).map((s) => <li key={s}><b data-state={s} aria-hidden>{signs[s].sign}</b><b>{signs[s].word}</b>: {signs[s].text}</li>)}
    </ul>
  );
}
