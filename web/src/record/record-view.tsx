import { Group, ScrollArea, SegmentedControl, Stack, Text } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { pretty } from './diff';
import { Tree } from './tree';

/** RecordView shows one record as a tree or as JSON. */
export function RecordView({ body, title, aside, height = 480 }: { body: unknown; title: string; aside?: ReactNode; height?: number }) {
  const [as, set] = useState<'tree' | 'json'>('tree');
  return (
    <Stack gap="xs">
      <Group justify="space-between" gap="xs">
        <Text fw={600} size="sm" style={{ overflowWrap: 'anywhere' }}>{title}</Text>
        <Group gap="xs">{aside}<SegmentedControl size="xs" aria-label="Show the record as" value={as} onChange={(v) => set(v as typeof as)} data={[{ value: 'tree', label: 'Tree' }, { value: 'json', label: 'JSON' }]} /></Group>
      </Group>
      <ScrollArea.Autosize mah={height} className="panel" type="auto" viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': title }}>
        <div style={{ padding: 12 }}>
          {as === 'tree' && typeof body === 'object' ? <Tree value={body} label={title} /> : <pre className="mono" style={{ margin: 0, whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>{typeof body === 'string' ? body : pretty(body)}</pre>}
        </div>
      </ScrollArea.Autosize>
    </Stack>
  );
}
