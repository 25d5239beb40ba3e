import { Text } from '@mantine/core';
import { Doing } from '@/parts/doing';
import { sentence } from '@/text/sentence';
import type { FlowStatus } from './status';

/** Standing says what a flow does or suffers from, and in trouble what to do about it. */
export function Standing({ flow }: { flow: FlowStatus }) {
  return (
    <>
      {(flow.doing || flow.reason) && <Text size="sm" fw={600} component="div"><Doing text={flow.doing || flow.reason!} trouble={flow.trouble} live /></Text>}
      {flow.state === 'trouble' && flow.trouble?.hint && <Text size="sm" style={{ overflowWrap: 'anywhere' }}>{sentence(flow.trouble.hint)}</Text>}
    </>
  );
}
