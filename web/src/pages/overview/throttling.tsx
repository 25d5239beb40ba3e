import type { Schemas } from '@/api/ask';
import { count, percent } from '@/number';
import { Block } from '@/parts/block';
import { DataTable, type Column } from '@/parts/data-table';
import { When } from '@/time/when';

type Quota = Schemas['QuotaUse'];

const columns: Column<Quota>[] = [
  { key: 'scope', head: 'Quota', cell: (q) => <span style={{ overflowWrap: 'anywhere' }}>{q.scope}</span> },
  { key: 'asked', head: 'Requests', number: true, cell: (q) => count(q.asked) },
  { key: 'throttled', head: 'Asked to slow down', number: true, cell: (q) => `${count(q.throttled)} (${percent(q.throttled, q.asked)})` },
  { key: 'failed', head: 'Failed', number: true, cell: (q) => count(q.failed) },
  { key: 'blocked', head: 'Waits until', cell: (q) => <When at={q.blocked_until} none="not waiting" /> },
];

/** Throttling tells which quotas refused requests in the last day. There is nothing to do: the wait is obeyed. */
export function Throttling({ quotas }: { quotas: Quota[] }) {
  if (quotas.length === 0) return null;
  return (
    <Block title="Microsoft asked us to slow down" text="In the last day. The wait that it asks for is obeyed; nothing is lost by it.">
      <DataTable caption="Quotas that refused requests" columns={columns} rows={quotas} rowKey={(q) => q.scope} />
    </Block>
  );
}
