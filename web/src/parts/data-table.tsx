import { Button, Group, Table, Text, VisuallyHidden } from '@mantine/core';
import type { ReactNode } from 'react';

/** A Column is one of a table: its head, and what a row shows in it. */
export interface Column<T> {
  key: string;
  head: string;
  cell: (row: T) => ReactNode;
  /** Numbers stand right. */
  number?: boolean;
  width?: number | string;
}

interface Props<T> {
  /** What the table holds, read to those who can't see it. */
  caption: string;
  columns: Column<T>[];
  rows: T[];
  rowKey: (row: T) => string;
  /** Present when there is more to load. */
  onMore?: () => void;
  loadingMore?: boolean;
  minWidth?: number;
}

/** DataTable shows a list. It scrolls sideways by itself where the page is narrow, and loads more on demand. */
export function DataTable<T>({ caption, columns, rows, rowKey, onMore, loadingMore, minWidth = 640 }: Props<T>) {
  return (
    <div>
      <Table.ScrollContainer minWidth={minWidth} className="panel" scrollAreaProps={{ viewportProps: { tabIndex: 0, role: 'region', 'aria-label': `${caption}, table` } }}>
        <Table verticalSpacing="xs" horizontalSpacing="md" highlightOnHover>
          <caption style={{ position: 'absolute', clip: 'rect(0 0 0 0)' }}>{caption}</caption>
          <Table.Thead>
            <Table.Tr>
              {columns.map((c) => (
                <Table.Th key={c.key} scope="col" w={c.width} ta={c.number ? 'right' : undefined}>
                  {c.head || <VisuallyHidden>Actions</VisuallyHidden>}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row) => (
              <Table.Tr key={rowKey(row)}>
                {columns.map((c) => (
                  <Table.Td key={c.key} ta={c.number ? 'right' : undefined} style={c.number ? { fontVariantNumeric: 'tabular-nums' } : undefined}>{c.cell(row)}</Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Group justify="space-between" mt="xs">
        <Text size="xs" c="dimmed" role="status">{rows.length.toLocaleString('en')} shown{onMore ? ', there is more' : ''}</Text>
        {onMore && <Button size="xs" variant="default" onClick={onMore} loading={loadingMore}>Load more</Button>}
      </Group>
    </div>
  );
}
