import { Alert, Button, Group, Stack, Text, Title } from '@mantine/core';
import { IconUsers } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Loaded } from '@/parts/loaded';
import { YAMLText } from '@/parts/yaml-section';
import { yamlOf } from '@/text/yaml';
import { When } from '@/time/when';
import type { Spec } from './api';

interface Now {
  revision: number;
  updated: string;
  spec: unknown;
}

interface Props<T extends Now> {
  /** What stands in the form. */
  mine: Spec;
  read: (signal: AbortSignal) => Promise<T>;
  onTheirs: (now: T) => void;
  onMine: (now: T) => void;
  onStay: () => void;
  busy: boolean;
}

/** Overtaken is what an editor shows when somebody else was faster: both versions, and the ways out. Nothing is lost by looking. */
export function Overtaken<T extends Now>({ mine, read, onTheirs, onMine, onStay, busy }: Props<T>) {
  const query = useQuery({ queryKey: ['overtaken', mine], queryFn: ({ signal }) => read(signal), staleTime: 0, gcTime: 0 });
  return (
    <Stack>
      <Alert color="yellow" variant="outline" role="alert" icon={<IconUsers aria-hidden />} title="Somebody changed this meanwhile" styles={{ title: { color: 'var(--mantine-color-text)' } }}>
        Your changes are not saved yet, and nothing is lost. Compare the two, then choose.
      </Alert>
      <Loaded query={query} what="the version that is saved">
        {(now) => (
          <Stack>
            <div>
              <Title order={3}>Saved now</Title>
              <Text size="xs" c="dimmed">revision {now.revision}, changed <When at={now.updated} /></Text>
              <div className="panel raised" style={{ padding: 12 }}><YAMLText text={yamlOf(now.spec as Spec)} /></div>
            </div>
            <div>
              <Title order={3}>Yours</Title>
              <div className="panel raised" style={{ padding: 12 }}><YAMLText text={yamlOf(mine)} /></div>
            </div>
            <Group>
              <Button variant="default" onClick={onStay}>Back to my form</Button>
              <Button variant="default" onClick={() => onTheirs(now)}>Start again from the saved one</Button>
              <Button loading={busy} onClick={() => onMine(now)}>Save mine over it</Button>
            </Group>
          </Stack>
        )}
      </Loaded>
    </Stack>
  );
}
