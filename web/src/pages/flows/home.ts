import type { Schemas } from '@/api/ask';
import type { FlowStatus } from './status';

/** A Home is a node on whose own disk files of a flow are. Without seen it never reported. */
export interface Home {
  name: string;
  seen?: string;
  /** It should have reported since: the flow waits for it. */
  gone: boolean;
}

/** homesOf gives the nodes that have a flow's files, each once; none where any node may work for it. */
export function homesOf(flow: Pick<FlowStatus, 'lanes'>): Home[] {
  const homes = new Map<string, Home>();
  for (const l of flow.lanes) if (l.home) homes.set(l.home, { name: l.home, seen: l.home_seen, gone: !!l.home_gone });
  return [...homes.values()];
}

/** movableTo gives the nodes that a flow could move to, those that report now first. */
export function movableTo(flow: Pick<FlowStatus, 'lanes' | 'nodes'>): Schemas['FlowNode'][] {
  const homes = homesOf(flow);
  const elsewhere = (flow.nodes ?? []).filter((n) => homes.some((h) => h.name !== n.name));
  return elsewhere.sort((a, b) => Number(!!a.gone) - Number(!!b.gone));
}
