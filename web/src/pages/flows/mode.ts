import { useConnectors, useUse } from '@/use/api';

/**
 * useUsualMode gives the mode that most want for a source and a destination: a mirror of what has things with keys, appended
 * records of a feed, which forgets them.
 */
export function useUsualMode(source: string, destination: string): 'append' | 'mirror' {
  const connectors = useConnectors().data;
  const [from, to] = [useUse('source', source).data, useUse('destination', destination).data];
  const of = (name: string | undefined) => connectors?.find((c) => c.name === name);
  return to && from && of(to.connector)?.keyed && !of(from.connector)?.forgets ? 'mirror' : 'append';
}
