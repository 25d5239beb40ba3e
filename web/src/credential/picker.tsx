import './tile.css';
import { Radio, SimpleGrid, Text, TextInput, UnstyledButton, VisuallyHidden } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconPlus, IconSearch } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { plural } from '@/number';
import { Loaded } from '@/parts/loaded';
import { More } from '@/parts/more';
import { useCredential, useCredentials, type Credential } from './api';
import { TileContent } from './tile';

/** From how many tiles on a filter helps. */
const many = 8;

interface Props {
  type: string;
  value: string;
  onPick: (name: string) => void;
  onAdd: () => void;
  /** The tile that was just made: it takes the focus. */
  focus?: string;
  error?: string;
}

/** CredentialPicker is the grid of tiles to choose from: Add Credential first, then one radio group. */
export function CredentialPicker({ type, value, onPick, onAdd, focus, error }: Props) {
  const [filter, setFilter] = useState('');
  const [asked] = useDebouncedValue(filter.trim(), 200);
  const query = useCredentials({ type, q: asked || undefined });
  const picked = useCredential(value, value !== '' && !!query.data && !query.data.some((c) => c.name === value)).data;
  return (
    <Loaded query={query} what="credentials" rows={3}>
      {(found) => {
        const shown = withPicked(found, asked ? undefined : picked);
        return (
          <>
            {(filter || shown.length > many) && <TextInput data-filter aria-label="Filter credentials" placeholder="Filter by name or description" leftSection={<IconSearch size={16} aria-hidden />} value={filter} onChange={(e) => setFilter(e.currentTarget.value)} maw={360} />}
            <Radio.Group value={value} onChange={onPick} aria-label="Credential" error={error}>
              <SimpleGrid cols={{ base: 1, xs: 2, lg: 4 }} mb={error ? 'xs' : 0}>
                <AddTile onAdd={onAdd} />
                {shown.map((c) => <PickTile key={c.id} credential={c} focused={focus === c.name} />)}
              </SimpleGrid>
            </Radio.Group>
            <More query={query} />
            {shown.length === 0 && !asked && <Text size="sm">No credential of this type yet.</Text>}
            {shown.length === 0 && asked && <Text size="sm" role="status">No credential has “{asked}” in its name or description.</Text>}
            <VisuallyHidden aria-live="polite">{plural(shown.length, 'credential')}</VisuallyHidden>
          </>
        );
      }}
    </Loaded>
  );
}

/** withPicked puts the picked one first if it is not among those that were read: there may be thousands. */
const withPicked = (all: Credential[], picked: Credential | undefined): Credential[] => (picked && !all.some((c) => c.id === picked.id) ? [picked, ...all] : all);

/** AddTile is the first tile of every grid. */
export function AddTile({ onAdd }: { onAdd: () => void }) {
  return (
    <UnstyledButton className="tile add" onClick={onAdd}>
      <IconPlus size={28} aria-hidden />
      <Text fw={600}>Add Credential</Text>
      <Text size="xs" ta="center">Client ID, client secret and tenant ID of an Entra app</Text>
    </UnstyledButton>
  );
}

function PickTile({ credential: c, focused }: { credential: Credential; focused: boolean }) {
  const card = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (focused) card.current?.focus();
  }, [focused]);
  return (
    <Radio.Card ref={card} value={c.name} className="tile">
      <TileContent credential={c} />
    </Radio.Card>
  );
}
