import { createSpotlight, Spotlight, type SpotlightActionData, type SpotlightActionGroupData } from '@mantine/spotlight';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, type LinkProps } from '@tanstack/react-router';
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import { call } from '@/api/http';
import type { Page } from '@/api/pages';
import { entries } from './menu';
import { verbs } from './verbs';

/** The kinds of things that the palette finds by a part of their name. */
const kinds = [
  { route: '/flows', group: 'Flows', to: '/flows/$name' },
  { route: '/sources', group: 'Sources', to: '/sources/$name' },
  { route: '/destinations', group: 'Destinations', to: '/destinations/$name' },
  { route: '/credentials', group: 'Credentials', to: '/credentials/$name' },
] as const;

const [store, palette] = createSpotlight();

/** openPalette opens it from a button. */
export const openPalette = palette.open;

/** Palette is what Ctrl K opens: pages, things by their name, and verbs. */
export function Palette() {
  const go = useNavigate();
  const [text, type] = useState('');
  const { found, busy } = useFound(text);
  const enter = useFirst(busy);
  const jump = (to: string, params?: Record<string, string>) => void go({ to, params } as LinkProps & { to: string });
  const groups: SpotlightActionGroupData[] = [
    { group: 'Go to', actions: entries.map((e): SpotlightActionData => ({ id: `go-${e.to}`, label: e.label, leftSection: <e.icon size={18} aria-hidden />, onClick: () => jump(e.to) })) },
    { group: 'Do', actions: verbs.map((v) => ({ id: v.to + JSON.stringify(v.search ?? {}), label: v.label, description: v.text, onClick: () => void go({ to: v.to, search: v.search } as LinkProps & { to: string }) })) },
    ...found.map((f) => ({ group: f.group, actions: f.names.map((n) => ({ id: `${f.group}-${n}`, label: n, onClick: () => jump(f.to, { name: n }) })) })),
  ];
  return (
    <Spotlight
      store={store}
      actions={groups}
      query={text}
      onQueryChange={type}
      shortcut="mod + K"
      highlightQuery
      scrollable
      maxHeight={420}
      nothingFound="Nothing has this in its name"
      attributes={{ content: { 'aria-label': 'Search or run a command' } }}
      transitionProps={{ duration: 0 }} // what is typed right after Ctrl K is typed into it
      searchProps={{ autoFocus: true, onKeyDown: enter, leftSection: <IconSearch size={18} aria-hidden />, placeholder: 'Go to, do, or find by name', 'aria-label': 'Search or run a command' }}
    />
  );
}

/** useFirst picks the first of what was found when it comes after the last key, and lets an Enter that came before it count. */
function useFirst(busy: boolean): (e: KeyboardEvent) => void {
  const early = useRef(false);
  useEffect(() => {
    if (busy) return;
    const list = document.getElementById(store.getState().listId);
    if (list && !list.querySelector('[data-selected]')) {
      list.querySelector('[data-action]')?.setAttribute('data-selected', 'true');
      store.updateState((s) => ({ ...s, selected: 0 }));
    }
    if (early.current) list?.querySelector<HTMLElement>('[data-selected]')?.click();
    early.current = false;
  });
  return (e) => {
    early.current = busy && e.key === 'Enter' && !document.querySelector(`#${CSS.escape(store.getState().listId)} [data-selected]`);
  };
}

interface Found {
  group: string;
  to: string;
  names: string[];
}

function useFound(text: string): { found: Found[]; busy: boolean } {
  const q = text.trim();
  const query = useQuery({
    queryKey: ['palette', q],
    queryFn: ({ signal }) =>
      Promise.all(
        kinds.map(async (k) => {
          const page = await call<Page<{ name: string }>>('GET', k.route, { query: { q, limit: 5 }, signal }).catch(() => ({ items: [] }));
          return { group: k.group, to: k.to, names: (page.items ?? []).map((i) => i.name) };
        }),
      ),
    enabled: q.length >= 2,
    staleTime: 10_000,
    placeholderData: (old) => old,
  });
  return { found: q.length >= 2 ? (query.data ?? []).filter((f) => f.names.length > 0) : [], busy: query.isFetching };
}
