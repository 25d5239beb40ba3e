import { Button, SimpleGrid, TextInput, VisuallyHidden } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useMay } from '@/api/session';
import { CredentialActions } from '@/credential/actions';
import { useCredentials, useCredential, type Credential } from '@/credential/api';
import { ChooseType } from '@/credential/choose-type';
import { CredentialOverlay } from '@/credential/overlay/overlay';
import { AddTile } from '@/credential/picker';
import { TileContent } from '@/credential/tile';
import { NoMatch } from '@/parts/empty';
import { Loaded } from '@/parts/loaded';
import { More } from '@/parts/more';
import { Page } from '@/parts/page';

/** Credentials shows everything that signs in, as tiles. */
export function Credentials() {
  const { add, q, edit } = useSearch({ from: '/credentials' });
  const go = useNavigate({ from: '/credentials' });
  const may = useMay('operator');
  const query = useCredentials({ q });
  const search = (next: { add?: string; edit?: string; q?: string }) => void go({ search: (old) => ({ ...old, ...next }), replace: next.q !== undefined });
  return (
    <Page title="Credentials" text="What signs headrace in to a tenant. Saved once, tested, and used by many sources and destinations." actions={may && <Button onClick={() => search({ add: '' })}>Add Credential</Button>}>
      <TextInput data-filter aria-label="Filter credentials" placeholder="Filter by name or description" leftSection={<IconSearch size={16} aria-hidden />} defaultValue={q} onChange={(e) => search({ q: e.currentTarget.value || undefined })} maw={360} />
      <Loaded query={query} what="credentials">
        {(all) => (
          <>
            <SimpleGrid cols={{ base: 1, xs: 2, lg: 4 }}>
              {may && !q && <AddTile onAdd={() => search({ add: '' })} />}
              {all.map((c) => <OpenTile key={c.id} credential={c} onEdit={() => search({ edit: c.name })} />)}
            </SimpleGrid>
            {all.length === 0 && q && <NoMatch text={`No credential has “${q}” in its name or description.`} onClear={() => search({ q: undefined })} />}
            <More query={query} />
            <VisuallyHidden aria-live="polite">{all.length} credentials</VisuallyHidden>
          </>
        )}
      </Loaded>
      <ChooseType opened={add === ''} onClose={() => search({ add: undefined })} onChoose={(type) => search({ add: type })} />
      <CredentialOverlay opened={!!add} type={add ?? ''} onClose={() => search({ add: undefined })} onSaved={() => search({ add: undefined })} />
      {edit && <EditOverlay name={edit} onClose={() => search({ edit: undefined })} />}
    </Page>
  );
}

function OpenTile({ credential: c, onEdit }: { credential: Credential; onEdit: () => void }) {
  return (
    <div className="tile-box">
      <Link to="/credentials/$name" params={{ name: c.name }} className="tile" style={{ textDecoration: 'none', height: '100%' }}><TileContent credential={c} /></Link>
      <div className="tile-menu"><CredentialActions credential={c} onEdit={onEdit} /></div>
    </div>
  );
}

/** EditOverlay opens the sheet with a credential that is there. */
export function EditOverlay({ name, onClose, onSaved = onClose }: { name: string; onClose: () => void; onSaved?: (saved: Credential) => void }) {
  const c = useCredential(name).data;
  return c ? <CredentialOverlay opened type={c.type} existing={c} onClose={onClose} onSaved={onSaved} /> : null;
}
