import { Code, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { Schemas } from '@/api/ask';
import { DataTable, type Column } from '@/parts/data-table';
import { NoMatch } from '@/parts/empty';

type Field = Schemas['DatasetFieldView'];

const columns: Column<Field>[] = [
  { key: 'path', head: 'Field', cell: (f) => <Code style={{ overflowWrap: 'anywhere' }}>{f.path}</Code> },
  { key: 'types', head: 'Type', cell: (f) => f.types.join(' or ') },
  { key: 'present', head: 'Present', number: true, cell: (f) => `${f.present_percent} %` },
  { key: 'example', head: 'Example', cell: (f) => <Text size="sm" className="mono" lineClamp={1} maw={360} style={{ overflowWrap: 'anywhere' }}>{f.example}</Text> },
];

/** SchemaTable lists the fields of records. */
export function SchemaTable({ fields, cut }: { fields: Field[]; cut?: boolean }) {
  const [q, type] = useState('');
  const shown = fields.filter((f) => f.path.toLowerCase().includes(q.toLowerCase()));
  return (
    <>
      <TextInput type="search" aria-label="Filter fields by name" placeholder="Filter fields by name" value={q} onChange={(e) => type(e.currentTarget.value)} maw={360} />
      {shown.length > 0 ? <DataTable caption="Fields" columns={columns} rows={shown} rowKey={(f) => f.path} /> : <NoMatch text={`No field has “${q}” in its name.`} onClear={() => type('')} />}
      {cut && <Text size="sm">There are more fields than are kept.</Text>}
    </>
  );
}
