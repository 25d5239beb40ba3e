import './tile.css';
import { Badge, Text } from '@mantine/core';
import { Spark } from '@/chart/spark';
import { count, short } from '@/number';
import { sentence } from '@/text/sentence';
import { StatePill } from '@/parts/state-pill';
import { When } from '@/time/when';
import type { Credential } from './api';
import { useCloudTitle } from './clouds';
import { stateOf } from './state';

/** TileContent is what stands on a credential's tile, whether it is picked or opened. */
export function TileContent({ credential: c }: { credential: Credential }) {
  const state = stateOf(c.state);
  const cloudTitle = useCloudTitle();
  return (
    <>
      <Text fw={600} lineClamp={2} style={{ overflowWrap: 'anywhere' }}>{c.name}</Text>
      <Text size="xs" lineClamp={2}>{c.description || <Text span c="dimmed" inherit>No description</Text>}</Text>
      <StatePill tone={state.tone} word={state.word} />
      <Text size="xs" lineClamp={3}><Fact credential={c} /></Text>
      {c.calls && <Calls calls={c.calls} />}
      <div className="foot">
        <Badge variant="light" color="gray" size="sm" tt="none" c="var(--mantine-color-text)">{cloudTitle(c.cloud)}</Badge>
        <Text size="xs">{usedBy(c)}</Text>
      </div>
    </>
  );
}

function Fact({ credential: c }: { credential: Credential }) {
  const fact = c.reason || c.fact;
  return (
    <>
      {c.test && <>Tested <When at={c.test.at} />{fact ? ' · ' : ''}</>}
      {fact && (c.test ? fact.replace(/^the secret is /, 'secret ') : sentence(fact))}
      {!fact && !c.test && 'Its permissions were never checked.'}
    </>
  );
}

/** Calls are the requests that a credential signed in the last 24 hours. */
function Calls({ calls }: { calls: number[] }) {
  const all = calls.reduce((a, b) => a + b, 0);
  return (
    <div className="calls">
      <Text size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }}>{short(all)} {all === 1 ? 'call' : 'calls'} in 24 h</Text>
      <Spark values={calls} width={72} height={22} label={`Calls in each of the last 24 hours: ${count(calls.at(-1))} in this one, ${count(Math.max(...calls))} at most`} />
    </div>
  );
}

/** usedBy counts what uses a credential. */
export function usedBy(c: Credential): string {
  const n = c.used_by.length;
  return n === 0 ? 'Not used' : `Used by ${n}`;
}
