import './record-list.css';
import { ScrollArea, Text } from '@mantine/core';
import type { KeyboardEvent, ReactNode } from 'react';

interface Props<T> {
  label: string;
  rows: T[];
  keyOf: (row: T, i: number) => string;
  picked: number;
  onPick: (i: number) => void;
  title: (row: T) => ReactNode;
  more: (row: T) => ReactNode;
  height?: number;
}

/** RecordList is a list of which one row is picked; arrow keys, Home and End move, as in any list box. */
export function RecordList<T>({ label, rows, keyOf, picked, onPick, title, more, height = 520 }: Props<T>) {
  const press = (e: KeyboardEvent<HTMLDivElement>) => {
    const to = { ArrowDown: picked + 1, ArrowUp: picked - 1, j: picked + 1, k: picked - 1, Home: 0, End: rows.length - 1 }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    const at = Math.max(0, Math.min(rows.length - 1, to));
    onPick(at);
    e.currentTarget.querySelectorAll('[role=option]')[at]?.scrollIntoView({ block: 'nearest' });
  };
  const id = (i: number) => `${label.replace(/\W+/g, '-')}-${i}`;
  return (
    <ScrollArea.Autosize mah={height} className="panel" type="auto" viewportProps={{ tabIndex: -1 }}>
      <div role="listbox" tabIndex={0} aria-label={label} aria-activedescendant={rows.length > 0 ? id(picked) : undefined} onKeyDown={press} className="record-list">
        {rows.map((r, i) => (
          // The keys are the list's: an option is only clicked.
          // eslint-disable-next-line jsx-a11y/click-events-have-key-events
          <div key={keyOf(r, i)} id={id(i)} role="option" tabIndex={-1} aria-selected={i === picked} onClick={() => onPick(i)}>
            <Text size="sm" fw={i === picked ? 600 : 400} component="div" style={{ overflowWrap: 'anywhere' }}>{title(r)}</Text>
            <Text size="xs" c="dimmed" component="div" style={{ overflowWrap: 'anywhere' }}>{more(r)}</Text>
          </div>
        ))}
      </div>
    </ScrollArea.Autosize>
  );
}
