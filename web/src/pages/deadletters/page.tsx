import { Group, Select } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { NamePick } from '@/parts/name-pick';
import { Page } from '@/parts/page';
import { Letters } from './letters';
import { letterStates, type LettersSearch } from './routes';

const route = getRouteApi('/deadletters');

/** DeadLetters shows what was refused for good, by the reason. */
export function DeadLetters() {
  const search = route.useSearch();
  const go = route.useNavigate();
  const set = (change: LettersSearch) => void go({ search: { ...search, ...change }, replace: true });
  return (
    <Page title="Dead letters" text="Records that a source, a transform or a destination refused for good, with the reason. Nothing else of their flow waits for them.">
      <Group gap="sm">
        <NamePick kind="flows" data-filter label="Flow" placeholder="All flows" clearable value={search.flow ?? null} onChange={(v) => set({ flow: v ?? undefined, group: undefined, letter: undefined })} w={260} />
        <Select label="State" data={letterStates.map((s) => ({ value: s, label: s.charAt(0).toUpperCase() + s.slice(1) }))} allowDeselect={false} value={search.state ?? 'open'} onChange={(v) => set({ state: v === 'open' ? undefined : (v as LettersSearch['state']), group: undefined, letter: undefined })} w={180} />
      </Group>
      <Letters flow={search.flow} state={search.state} picked={search} onPick={set} onClear={search.flow || search.state ? () => void go({ search: {} }) : undefined} />
    </Page>
  );
}
