import { Select, Stack, Text, Textarea, TextInput, VisuallyHidden } from '@mantine/core';
import { useState, type ClipboardEvent } from 'react';
import type { Credential } from '../api';
import type { Field } from '../checks';
import { custom, hostsOf, useClouds } from '../clouds';
import { SecretField } from './secret-field';
import { UseValues } from './use-values';
import { takePaste, type CredentialForm } from './use-credential-form';

/** Fields is the left column: what a credential is made of, in the order in which Entra shows it. */
export function Fields({ form, type, existing }: { form: CredentialForm; type: string; existing?: Credential }) {
  const [filled, tell] = useState('');
  const paste = (field: Field) => (e: ClipboardEvent) => tell(takePaste(form, field, e) ?? '');
  const { cloud, secretBy } = form.values;
  const clouds = useClouds().data;
  return (
    <Stack gap="md">
      <TextInput label="Credential Name" withAsterisk data-autofocus data-field="name" autoComplete="off" maxLength={100} onPaste={paste('name')} {...form.getInputProps('name')} />
      <Textarea label="Credential Description" description="Purpose, owner, data freshness. Shown on the tile." rows={2} maxLength={1000} onPaste={paste('description')} {...form.getInputProps('description')} />
      {!existing && <UseValues form={form} />}
      <TextInput label="Client ID" withAsterisk className="mono-input" data-field="clientId" autoComplete="off" spellCheck={false} description="Application (client) ID on the app's Overview page" onPaste={paste('clientId')} {...form.getInputProps('clientId')} />
      <SecretField by={secretBy} onBy={(v) => form.setFieldValue('secretBy', v)} kept={existing?.secret} value={form.getInputProps('secret')} reference={form.getInputProps('reference')} onPaste={paste('secret')} />
      <TextInput label="Secret expires on" type="date" data-field="expires" description="From Certificates & secrets. You are warned 30, 14, 7 and 1 days before." {...form.getInputProps('expires')} />
      <TextInput label="Tenant ID" withAsterisk className="mono-input" data-field="tenantId" autoComplete="off" spellCheck={false} description="Directory (tenant) ID" onPaste={paste('tenantId')} {...form.getInputProps('tenantId')} />
      <div>
        <Select label="Cloud" description="Where the tenant lives" allowDeselect={false} data={clouds?.map((c) => ({ value: c.name, label: c.title })) ?? [cloud]} {...form.getInputProps('cloud')} />
        {cloud !== custom && <Text size="xs" c="dimmed" mt={4} style={{ overflowWrap: 'anywhere' }}>{hostsOf(clouds?.find((c) => c.name === cloud), type)}</Text>}
      </div>
      {cloud === custom && <Hosts form={form} />}
      <Text size="xs" role="status" mih={18}>{filled}</Text>
      <VisuallyHidden>Fields with a star must be filled in.</VisuallyHidden>
    </Stack>
  );
}

/** Hosts are those of a private cloud, or of the simulator. */
function Hosts({ form }: { form: CredentialForm }) {
  return (
    <Stack gap="sm" component="fieldset" style={{ border: '1px solid var(--hr-line)', borderRadius: 8, padding: 12 }}>
      <Text component="legend" size="sm" fw={500} px={4}>Hosts</Text>
      <TextInput label="Sign-in" data-field="login" className="mono-input" placeholder="https://login.example.com" {...form.getInputProps('login')} />
      <TextInput label="Microsoft Graph" data-field="graph" className="mono-input" placeholder="https://graph.example.com" {...form.getInputProps('graph')} />
      <TextInput label="Management API" data-field="management" className="mono-input" placeholder="https://manage.example.com" {...form.getInputProps('management')} />
      <TextInput label="Certificates to trust" description="A file on the server; left out: the system's own" className="mono-input" {...form.getInputProps('ca')} />
    </Stack>
  );
}
