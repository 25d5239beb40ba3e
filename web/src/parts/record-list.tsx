import './record-list.css';
import { Group, ScrollArea, Text } from '@mantine/core';
import { IconSquare, IconSquareCheckFilled } from '@tabler/icons-react';
import type { KeyboardEvent, MouseEvent, ReactNode } from 'react';

interface Props<T> {
  label: string;
  rows: T[];
  keyOf: (row: T, i: number) => string;
  picked: number;
  onPick: (i: number) => void;
  title: (row: T) => ReactNode;
  more: (row: T) => ReactNode;
  height?: number;
  /** Present where several rows can be chosen: the keys of those that are, and what changes one. */
  chosen?: ReadonlySet<string>;
  onChoose?: (key: string) => void;
}

/** RecordList is a list of which one row is picked; arrow keys, j and k, Home and End move, as in any list box. Where several can be chosen, Space does. */
export function RecordList<T>({ label, rows, keyOf, picked, onPick, title, more, height = 520, chosen, onChoose }: Props<T>) {
  const press = (e: KeyboardEvent<HTMLDivElement>) => {
    if (e.key === ' ' && onChoose && rows[picked]) {
      e.preventDefault();
      onChoose(keyOf(rows[picked], picked));
      return;
    }
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
      <div role="listbox" tabIndex={0} aria-label={onChoose ? `${label}. Space chooses` : label} aria-activedescendant={rows[picked] ? id(picked) : undefined} onKeyDown={press} className="record-list">
        {rows.map((r, i) => {
          const key = keyOf(r, i);
          const click = (e: MouseEvent) => (onChoose && (e.target as Element).closest('.record-check') ? onChoose(key) : onPick(i));
          return (
            // The keys are the list's: an option is only clicked.
            // eslint-disable-next-line jsx-a11y/click-events-have-key-events
            <div key={key} id={id(i)} role="option" tabIndex={-1} aria-selected={i === picked} aria-checked={onChoose ? !!chosen?.has(key) : undefined} onClick={click}>
              <Group gap={4} wrap="nowrap" align="flex-start">
                {onChoose && <span className="record-check" title="Choose">{chosen?.has(key) ? <IconSquareCheckFilled size={18} aria-hidden /> : <IconSquare size={18} aria-hidden />}</span>}
                <div style={{ minWidth: 0 }}>
                  <Text size="sm" fw={i === picked ? 600 : 400} component="div" style={{ overflowWrap: 'anywhere' }}>{title(r)}</Text>
                  <Text size="xs" c="dimmed" component="div" style={{ overflowWrap: 'anywhere' }}>{more(r)}</Text>
                </div>
              </Group>
            </div>
          );
        })}
      </div>
    </ScrollArea.Autosize>
  );
}
