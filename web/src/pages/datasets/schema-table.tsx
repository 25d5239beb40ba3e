import { Button, Code, Group, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { DataTable, type Column } from '@/parts/data-table';
import { NoMatch } from '@/parts/empty';
import { When } from '@/time/when';
import type { Field } from './api';

/** So many fields are shown at once; a filter finds the others quicker than scrolling. */
const atOnce = 50;

const columns: Column<Field>[] = [
  { key: 'path', head: 'Field', cell: (f) => <Code style={{ overflowWrap: 'anywhere' }}>{f.path}</Code> },
  { key: 'types', head: 'Type', cell: (f) => f.types.join(' or ') },
  { key: 'present', head: 'Present', number: true, cell: (f) => (f.gone ? <>gone since <When at={f.last_seen} /></> : `${f.present_percent} %`) },
  { key: 'example', head: 'Example', cell: (f) => <Text size="sm" className="mono" lineClamp={1} maw={300} style={{ overflowWrap: 'anywhere' }}>{f.example}</Text> },
];

const times: Column<Field>[] = [
  { key: 'first', head: 'First seen', cell: (f) => <When at={f.first_seen} /> },
  { key: 'changed', head: 'Changed', cell: (f) => <When at={f.type_changed} /> },
];

/** SchemaTable lists the fields of records. When they were seen is told where it is known. */
export function SchemaTable({ fields, cut }: { fields: Field[]; cut?: boolean }) {
  const [q, type] = useState('');
  const [all, showAll] = useState(false);
  const found = fields.filter((f) => f.path.toLowerCase().includes(q.toLowerCase()));
  const shown = all ? found : found.slice(0, atOnce);
  const dated = fields.some((f) => f.first_seen);
  return (
    <>
      <TextInput type="search" aria-label="Filter fields by name" placeholder="Filter fields by name" value={q} onChange={(e) => type(e.currentTarget.value)} maw={360} />
      {found.length > 0 ? <DataTable caption="Fields" columns={dated ? [...columns, ...times] : columns} rows={shown} rowKey={(f) => f.path} minWidth={dated ? 820 : 640} /> : <NoMatch text={`No field has “${q}” in its name.`} onClear={() => type('')} />}
      {found.length > shown.length && <Group><Button size="xs" variant="default" onClick={() => showAll(true)}>Show all {found.length} fields</Button></Group>}
      {cut && <Text size="sm">There are more fields than are kept.</Text>}
    </>
  );
}
