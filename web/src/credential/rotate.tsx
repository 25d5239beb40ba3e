import { Button, Checkbox, Group, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { useChange } from '@/api/use-change';
import { FormProblem } from '@/form/form-problem';
import { fieldErrors } from '@/form/problems';
import { credentialsKey, rotateCredential, type Credential, type Rotation } from './api';
import { check, emptyDraft } from './checks';
import { SecretField } from './overlay/secret-field';
import { Dialog } from '@/parts/dialog';

/** What the API calls the fields. */
const fields = ['secret', 'clientSecret.ref', 'clientSecret', 'reference', 'expires'];

/** Rotate replaces the secret. The new one signs in first; one that is refused replaces nothing. */
export function Rotate({ credential, opened, onClose }: { credential: Credential; opened: boolean; onClose: () => void }) {
  return (
    <Dialog opened={opened} onClose={onClose} title={`Rotate the secret of ${credential.name}`} size="lg">
      <RotateForm credential={credential} onClose={onClose} />
    </Dialog>
  );
}

function RotateForm({ credential, onClose }: { credential: Credential; onClose: () => void }) {
  const [now] = useState(() => Date.now());
  const told = (field: 'secret' | 'reference' | 'expires') => (_: unknown, r: Rotation) => check(field, { ...emptyDraft, ...r }, { names: [], now });
  const form = useForm<Rotation>({
    initialValues: { secretBy: credential.secret.state === 'reference' ? 'reference' : 'value', secret: '', reference: credential.secret.reference ?? '', expires: '', untested: false },
    validate: { secret: told('secret'), reference: told('reference'), expires: told('expires') },
  });
  const rotate = useChange((r: Rotation) => rotateCredential(credential, r), { stale: [credentialsKey], onDone: onClose });
  const submit = (r: Rotation) =>
    rotate.mutate(r, {
      onError: (e) => {
        const { at } = fieldErrors(e, fields);
        form.setErrors({ secret: at.secret ?? at.clientSecret, reference: at.reference ?? at['clientSecret.ref'], expires: at.expires });
      },
    });
  return (
    <form onSubmit={form.onSubmit(submit)} noValidate>
      <Stack>
        <Text size="sm">Make a second secret in Entra (Certificates &amp; secrets), and paste its Value here. It is tested, then used at once by everything that signs in with this credential; nothing pauses. Delete the old one in Entra afterwards.</Text>
        <SecretField by={form.values.secretBy} onBy={(by) => form.setFieldValue('secretBy', by)} value={{ ...form.getInputProps('secret'), 'data-autofocus': true }} reference={form.getInputProps('reference')} />
        <TextInput label="Secret expires on" type="date" description="You are warned 30, 14, 7 and 1 days before." {...form.getInputProps('expires')} />
        <Checkbox label="Save it even if Entra refuses it" {...form.getInputProps('untested', { type: 'checkbox' })} />
        <FormProblem error={rotate.error} fields={fields} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button type="submit" loading={rotate.isPending}>Rotate</Button>
        </Group>
      </Stack>
    </form>
  );
}
