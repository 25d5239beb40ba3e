import { Button, CopyButton, Group, ScrollArea, Stack, Text } from '@mantine/core';
import { IconCheck, IconCopy, IconDownload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { ask } from '@/api/ask';
import { Loaded } from '@/parts/loaded';
import { download } from '@/record/download';
import type { FlowStatus } from './status';

/** YAMLTab is the flow as a file that apply takes. */
export default function YAMLTab({ flow }: { flow: FlowStatus }) {
  const query = useQuery({ queryKey: ['flows', 'yaml', flow.name, flow.revision], queryFn: ({ signal }) => ask('POST', '/files/export', { body: { kind: 'Flow', names: [flow.name] }, signal }) });
  return (
    <Loaded query={query} what="the file">
      {({ yaml }) => (
        <Stack gap="xs">
          <Group justify="space-between">
            <Text size="sm">What <code>headrace apply</code> takes. It never holds a secret.</Text>
            <Group gap="xs">
              <CopyButton value={yaml}>{({ copied, copy }) => <Button size="xs" variant="default" leftSection={copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />} onClick={copy}>{copied ? 'Copied' : 'Copy'}</Button>}</CopyButton>
              <Button size="xs" variant="default" leftSection={<IconDownload size={14} aria-hidden />} onClick={() => download(`${flow.name}.yaml`, yaml, 'application/yaml')}>Download</Button>
            </Group>
          </Group>
          <ScrollArea className="panel raised" viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': `${flow.name} as YAML` }}>
            <pre className="mono" style={{ margin: 0, padding: 16 }}>{yaml}</pre>
          </ScrollArea>
        </Stack>
      )}
    </Loaded>
  );
}
