import '@/credential/tile.css';
import { Badge, Group, SimpleGrid, Text, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { Loaded } from '@/parts/loaded';
import { Page } from '@/parts/page';
import { useConnectors, type Connector } from '../api';
import { words, type Kind } from '../kind';

/** TypeStep is the catalogue: which kind of system. */
export function TypeStep({ kind }: { kind: Kind }) {
  const query = useConnectors();
  const [filter, type] = useState('');
  const fits = (c: Connector) => c.use.includes(kind) && `${c.name} ${c.title} ${c.summary}`.toLowerCase().includes(filter.trim().toLowerCase());
  return (
    <Page title={`New ${kind}`} text={words[kind].type} crumbs={[{ label: words[kind].title, to: kind === 'source' ? '/sources' : '/destinations' }, { label: `New ${kind}` }]}>
      <TextInput data-filter aria-label="Filter connectors" placeholder="Filter by name" leftSection={<IconSearch size={16} aria-hidden />} value={filter} onChange={(e) => type(e.currentTarget.value)} maw={360} />
      <Loaded query={query} what="connectors">
        {(all) => (
          <SimpleGrid cols={{ base: 1, xs: 2, lg: 3 }}>
            {all.filter(fits).map((c) => <Tile key={c.name} kind={kind} connector={c} />)}
            {all.filter(fits).length === 0 && <Text size="sm" role="status">No connector has “{filter}” in its name.</Text>}
          </SimpleGrid>
        )}
      </Loaded>
    </Page>
  );
}

function Tile({ kind, connector: c }: { kind: Kind; connector: Connector }) {
  const step = c.credential ? 'authenticate' : 'configure';
  return (
    <Link className="tile" style={{ textDecoration: 'none', minHeight: 140 }} to={kind === 'source' ? '/sources/new/$connector/$step' : '/destinations/new/$connector/$step'} params={{ connector: c.name, step }}>
      <Text fw={600}>{c.title}</Text>
      <Text size="xs">{c.summary}</Text>
      <Group gap={6} mt="auto">
        <Badge variant="light" color="gray" tt="none" c="var(--mantine-color-text)">{c.use.length > 1 ? 'Source and destination' : c.use[0] === 'source' ? 'Source' : 'Destination'}</Badge>
        <Badge variant="light" color="gray" tt="none" c="var(--mantine-color-text)">{c.credential ? 'Needs a credential' : 'No credential'}</Badge>
      </Group>
    </Link>
  );
}
