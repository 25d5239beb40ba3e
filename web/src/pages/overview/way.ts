import type { Schemas } from '@/api/ask';

export type Problem = Schemas['OverviewProblem'];

/** A Way is an address within the app. */
export interface Way {
  to: string;
  params?: Record<string, string>;
  search?: Record<string, unknown>;
}

/** wayOf tells where a problem's one action is done; undefined: nowhere in these pages. */
export function wayOf(p: Problem): Way | undefined {
  const { kind, name } = p.action;
  switch (kind) {
    case 'credential':
      return { to: '/credentials/$name', params: { name } };
    case 'source':
      return { to: '/sources/$name', params: { name } };
    case 'destination':
      return { to: '/destinations/$name', params: { name } };
    case 'flow':
      return { to: '/flows/$name', params: { name } };
    case 'run':
      return { to: '/runs/$id', params: { id: name } };
    case 'coverage':
      return { to: '/coverage', search: { source: name, range: '7d' } };
    case 'dead-letters':
      return { to: '/deadletters', search: { flow: p.name, group: name } };
    case 'settings':
      return { to: '/settings', search: { tab: 'about' } };
  }
  return undefined;
}

/** A First is one of the steps that a new server needs. */
export interface First {
  title: string;
  text: string;
  done: boolean;
  label: string;
  way: Way;
}

/** firstSteps are what to do until the first flow stands; each says whether it is done. */
export function firstSteps(n: Schemas['Numbers']): First[] {
  return [
    { title: 'Connect', text: 'A credential signs in to your tenant; a source reads with it.', done: n.sources > 0, label: 'New source', way: { to: '/sources/new' } },
    { title: 'Choose where it goes', text: 'A destination takes the records: files, or Microsoft 365 Copilot.', done: n.destinations > 0, label: 'New destination', way: { to: '/destinations/new' } },
    { title: 'Join them', text: 'A flow delivers everything that the source still has, and goes on.', done: n.flows > 0, label: 'New flow', way: { to: '/flows/new' } },
  ];
}
