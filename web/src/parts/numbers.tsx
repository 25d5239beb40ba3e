import { Text } from '@mantine/core';
import type { ReactNode } from 'react';
import './numbers.css';

/** A Fact is a number or a word with its name. */
export interface Fact {
  name: string;
  value: ReactNode;
  /** A line below: a unit, a share, a time. */
  more?: ReactNode;
}

/** Numbers shows some facts side by side, in as many columns as there is room for. */
export function Numbers({ facts, label }: { facts: (Fact | false | undefined)[]; label: string }) {
  return (
    <dl className="numbers panel" aria-label={label}>
      {facts.filter((f) => !!f).map((f) => (
        <div key={f.name}>
          <dt>{f.name}</dt>
          <dd>
            <Text component="div" fw={650} size="lg" lh={1.3} style={{ fontVariantNumeric: 'tabular-nums', overflowWrap: 'anywhere' }}>{f.value}</Text>
            {f.more && <Text component="div" size="xs" c="dimmed">{f.more}</Text>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
