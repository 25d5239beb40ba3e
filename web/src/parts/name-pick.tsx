import { Select, type SelectProps } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ask, type Schemas } from '@/api/ask';
import { optionsOf } from './name-options';

/** How many names are offered at once; what is typed narrows them. */
const most = 50;

export type Kind = 'flows' | 'sources' | 'destinations' | 'credentials';

interface Props extends Omit<SelectProps, 'data' | 'filter' | 'searchable' | 'searchValue' | 'onSearchChange'> {
  kind: Kind;
  /** Which of them, as the list's own filter says it. */
  among?: Record<string, string>;
}

/** NamePick picks one of many things by its name. The server looks for what is typed: there may be thousands. */
export function NamePick({ kind, among, value, ...input }: Props) {
  const [typed, type] = useState('');
  const [asked] = useDebouncedValue(typed === value ? '' : typed.trim(), 200);
  const query = useNames(kind, among, asked);
  return (
    <Select searchable {...input} value={value} data={optionsOf(query.data, value)} filter={({ options }) => options} searchValue={typed} onSearchChange={type}
      placeholder={query.isPending ? 'Loading…' : input.placeholder} nothingFoundMessage={query.isError ? `The ${kind} could not be loaded` : query.isFetching ? 'Looking…' : `None of the ${kind} has this name`} />
  );
}

/** useNames asks for the names of things that have a text in them. */
export const useNames = (kind: Kind, among: Record<string, string> | undefined, q: string) =>
  useQuery({
    queryKey: [kind, 'names', among ?? {}, q],
    queryFn: async ({ signal }) => {
      const page = await (ask('GET', `/${kind}`, { query: { ...among, q: q || undefined, limit: most }, signal }) as Promise<Schemas['FlowViewPage'] | Schemas['CredentialViewPage']>);
      return { names: page.items.map((o) => o.name), more: !!page.next };
    },
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });
