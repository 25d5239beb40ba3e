import type { Schemas } from '@/api/ask';
import { specOf, type FlowSpec } from './status';

/** What the form of a flow's settings holds. */
export interface Values {
  name: string;
  description: string;
  every: string;
  full: string;
  deletes: string;
  guard: string;
}

/** valuesOf fills the form; what a mirror leaves open shows its default. */
export function valuesOf(f: { name: string; description: string; spec: unknown; revision: number }): Values {
  const s = specOf(f);
  return { name: f.name, description: f.description, every: s.schedule?.every ?? '1h', full: s.schedule?.full ?? '24h', deletes: s.deletes ?? 'absence', guard: s.guard ?? '10%' };
}

/** editOf gives the change from one state of the form to another; what is as it was is left out. */
export function editOf(before: Values, now: Values): Schemas['FlowEditBody'] {
  const edit: Schemas['FlowEditBody'] = {};
  if (now.name.trim() !== before.name) edit.rename = now.name.trim();
  if (now.description !== before.description) edit.description = now.description;
  const patch: Partial<FlowSpec> = {};
  if (now.every !== before.every || now.full !== before.full) patch.schedule = { every: now.every, full: now.full };
  if (now.deletes !== before.deletes) patch.deletes = now.deletes as FlowSpec['deletes'];
  if (now.guard !== before.guard) patch.guard = now.guard;
  if (Object.keys(patch).length > 0) edit.patch = patch;
  return edit;
}
