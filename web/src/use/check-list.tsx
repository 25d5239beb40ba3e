import { Text } from '@mantine/core';
import type { Schemas } from '@/api/ask';
import { CheckRow } from '@/credential/overlay/permission-check';

/** CheckList is the checks of a source or destination, row by row. */
export function CheckList({ checks }: { checks: Schemas['Checks'] }) {
  if (checks.checks.length === 0) return <Text size="sm">This connector has nothing to check.</Text>;
  return <ul className="panel bare-list checks" aria-label="Checks">{checks.checks.map((c) => <CheckRow key={c.name} check={c} permissions={[]} />)}</ul>;
}
