import { Group, Text, Tooltip } from '@mantine/core';
import { useConnection } from '@/api/events';
import { ToneIcon } from '@/parts/state-pill';
import { usePreference } from '@/prefs/preference';
import { clockTime } from '@/time/time';

/** ConnectionState tells whether this page still hears from the server. */
export function ConnectionState() {
  const { state, at } = useConnection();
  const [clock] = usePreference('clock');
  const last = clockTime(at, clock);
  const word = state === 'live' ? 'Live' : state === 'connecting' ? 'Connecting' : 'Reconnecting';
  const text = state === 'reconnecting' ? `Reconnecting, last update ${last}` : `${word}. Changes show by themselves.`;
  return (
    <Tooltip label={text}>
      <Group gap={6} wrap="nowrap" role="status" aria-label={text}>
        <ToneIcon tone={state === 'live' ? 'ok' : state === 'connecting' ? 'waiting' : 'unreachable'} size={16} />
        <Text size="xs" visibleFrom="md">{state === 'reconnecting' ? text : word}</Text>
      </Group>
    </Tooltip>
  );
}
