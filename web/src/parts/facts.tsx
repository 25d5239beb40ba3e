import { Text } from '@mantine/core';
import type { ReactNode } from 'react';

/** Facts are names with their values, as a description list. What is undefined is left out. */
export function Facts({ rows }: { rows: [string, ReactNode][] }) {
  return (
    <dl style={{ display: 'grid', gridTemplateColumns: 'minmax(110px, max-content) 1fr', gap: '8px 20px', margin: 0 }}>
      {rows.filter(([, v]) => v !== undefined && v !== '').map(([name, value]) => (
        <div key={name} style={{ display: 'contents' }}>
          <Text component="dt" size="sm" c="dimmed">{name}</Text>
          <Text component="dd" size="sm" m={0} style={{ overflowWrap: 'anywhere', minWidth: 0 }}>{value}</Text>
        </div>
      ))}
    </dl>
  );
}
