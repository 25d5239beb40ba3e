import { Alert, Button, Code, CopyButton, Group, Select, Stack, TagsInput, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { Dialog } from '@/parts/dialog';
import { ask, type Schemas } from '@/api/ask';
import { covers, useSession, type Role } from '@/api/session';
import { useChange } from '@/api/use-change';
import { FormProblem } from '@/form/form-problem';
import { fieldErrors } from '@/form/problems';

const fields = ['name', 'role', 'scopes', 'expires'] as const;

/** NewToken makes a token, and shows it this once. */
export function NewToken({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Dialog opened={opened} onClose={onClose} title="New API token" closeOutside={false}><Form onClose={onClose} /></Dialog>
  );
}

function Form({ onClose }: { onClose: () => void }) {
  const role = useSession().data?.user?.role ?? 'viewer';
  const form = useForm({ initialValues: { name: '', role: 'viewer' as Role, expires: '90d', scopes: [] as string[] }, validate: { name: (v) => (v.trim() ? null : 'Say what it is for.') } });
  const make = useChange((body: Schemas['TokenCreateBody']) => ask('POST', '/tokens', { body }), { stale: [['tokens']] });
  if (make.data) return <Made token={make.data.token} onClose={onClose} />;
  const said = fieldErrors(make.error, fields).at;
  const at = (f: (typeof fields)[number]) => ({ ...form.getInputProps(f), error: form.errors[f] ?? said[f] });
  return (
    <form noValidate onSubmit={form.onSubmit((v) => make.mutate({ name: v.name.trim(), role: v.role, expires: v.expires, scopes: v.scopes }))}>
      <Stack>
        <TextInput label="Name" description="What it is for" withAsterisk data-autofocus {...at('name')} />
        <Select label="Role" description="At most yours" allowDeselect={false} data={(['viewer', 'operator', 'admin'] as const).filter((r) => covers(role, r))} {...at('role')} />
        <Select label="Lives for" allowDeselect={false} data={[{ value: '1d', label: 'One day' }, { value: '30d', label: '30 days' }, { value: '90d', label: '90 days' }, { value: '365d', label: 'One year' }, { value: 'never', label: 'Until it is revoked' }]} {...at('expires')} />
        <TagsInput label="Only for" description="Nouns of operations, as flow, or flow:read for looking only. Empty: everything that the role may do." {...at('scopes')} />
        <FormProblem error={make.error} fields={fields} />
        <Group justify="flex-end"><Button variant="default" onClick={onClose}>Cancel</Button><Button type="submit" loading={make.isPending}>Make the token</Button></Group>
      </Stack>
    </form>
  );
}

function Made({ token, onClose }: { token: string; onClose: () => void }) {
  return (
    <Stack>
      <Alert color="yellow" variant="outline" role="status" title="Copy it now: it is not shown again" styles={{ title: { color: 'var(--mantine-color-text)' } }}>Only its hash is kept here.</Alert>
      <Code block style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>{token}</Code>
      <Group justify="flex-end">
        <CopyButton value={token}>{({ copied, copy }) => <Button data-autofocus onClick={copy} leftSection={copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}>{copied ? 'Copied' : 'Copy'}</Button>}</CopyButton>
        <Button variant="default" onClick={onClose}>Done</Button>
      </Group>
    </Stack>
  );
}
