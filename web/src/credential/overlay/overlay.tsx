import './overlay.css';
import { Badge, Box, Button, Drawer, Grid, Group, Tabs, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';
import { elsewhere } from '@/form/problems';
import { FormProblem } from '@/form/form-problem';
import { When } from '@/time/when';
import { addCredential, credentialsKey, editCredential, rotateCredential, testCredential, useCredentials, useCredentialTypes, useHelp, type Credential } from '../api';
import type { Draft } from '../checks';
import { permissionsOf } from '../result';
import { appOf } from './consent';
import { Fields } from './fields';
import { Guide, guideKey } from './guide';
import { forget } from './kept';
import { PermissionCheck } from './permission-check';
import { useCredentialForm, place, placed, wrong } from './use-credential-form';
import { useDraftTest } from './use-draft-test';
import { LeaveQuestion } from './leave-question';

interface Props {
  opened: boolean;
  type: string;
  /** Present: it is edited. */
  existing?: Credential;
  onClose: () => void;
  onSaved: (saved: Credential) => void;
}

/** CredentialOverlay is the sheet "Add New Credential", and the same for one that is there. */
export function CredentialOverlay({ opened, onClose, ...props }: Props) {
  const [asking, ask] = useState(false);
  const unsaved = useRef(false);
  // The question hears the same Escape when it opens at once, and would close again.
  const leave = () => (unsaved.current ? setTimeout(ask, 0, true) : onClose());
  const noteUnsaved = useCallback((u: boolean) => {
    unsaved.current = u;
  }, []);
  const close = () => {
    ask(false);
    unsaved.current = false;
    onClose();
  };
  return (
    <Drawer.Root opened={opened} onClose={leave} position="right" size={900} closeOnEscape={!asking} keepMounted={false}>
      <Drawer.Overlay backgroundOpacity={0.45} />
      <Drawer.Content aria-label={props.existing ? `Edit ${props.existing.name}` : 'Add New Credential'}>
        {opened && <Form key={props.type + (props.existing?.id ?? '')} {...props} onCancel={leave} onUnsaved={noteUnsaved} />}
        <LeaveQuestion opened={asking} kept={!props.existing} onStay={() => ask(false)} onLeave={close} />
      </Drawer.Content>
    </Drawer.Root>
  );
}

type FormProps = Omit<Props, 'opened' | 'onClose'> & { onCancel: () => void; onUnsaved: (unsaved: boolean) => void };

function Form({ type, existing, onCancel, onUnsaved, onSaved }: FormProps) {
  const client = useQueryClient();
  const title = useCredentialTypes().data?.find((t) => t.type === type)?.title ?? type;
  const names = (useCredentials().data ?? []).map((c) => c.name).filter((n) => n !== existing?.name);
  const [now] = useState(() => Date.now());
  const around = { names, now, keepsSecret: existing?.secret.state === 'stored' };
  const form = useCredentialForm(type, existing, around);
  const [tab, setTab] = useState<string | null>('guide');
  const [key] = useState(() => crypto.randomUUID());
  const base = useRef<Credential>(undefined); // what a change is made from, when the one before was saved in part
  const side = useRef<HTMLDivElement>(null);
  const test = useDraftTest(type, existing?.name);
  const help = useHelp(type, form.values.cloud);
  const d = form.values;
  const bad = test.data?.checks.filter((c) => !c.ok && c.result !== 'unknown').length ?? 0;
  const stale = test.data !== undefined && test.variables !== d;
  const save = useMutation({
    mutationFn: (d: Draft) => (existing ? saveChanged(base.current ?? existing, d, (c) => { base.current = c; }) : addCredential(type, d, key)),
    onSuccess: (saved) => {
      forget(type);
      localStorage.removeItem(guideKey(type));
      onSaved(saved);
      // What was tested as a draft is tested as what it is now, so that its tile tells of it.
      if (test.data && !stale) void testCredential(saved.name).finally(() => client.invalidateQueries({ queryKey: credentialsKey }));
    },
    onError: (e) => place(form, e),
    onSettled: () => void client.invalidateQueries({ queryKey: credentialsKey }),
  });
  const dirty = form.isDirty() && !save.isSuccess;
  useEffect(() => onUnsaved(dirty), [dirty, onUnsaved]);
  const run = () => {
    if (wrong(form, around)) return;
    test.mutate(form.getValues(), { onError: (e) => place(form, e) });
    setTab('check');
    // Where the columns stand one below the other the check would be out of sight.
    if (matchMedia('(max-width: 48em)').matches) side.current?.scrollIntoView({ behavior: 'smooth' });
  };
  return (
    <form
      noValidate
      style={{ display: 'flex', flexDirection: 'column', height: '100%' }}
      onSubmit={(e) => {
        e.preventDefault();
        if (!wrong(form, around)) save.mutate(form.getValues());
      }}
    >
      <Group justify="space-between" px="lg" py="sm" wrap="nowrap" style={{ borderBottom: '1px solid var(--hr-line)' }}>
        <Drawer.Title>
          <Text fw={700} size="lg" component="span" me="sm">{existing ? `Edit ${existing.name}` : 'Add New Credential'}</Text>
          <Badge variant="light" color="indigo" tt="none" c="var(--mantine-primary-color-light-color)">{title}</Badge>
        </Drawer.Title>
        <Drawer.CloseButton aria-label="Close" size="lg" />
      </Group>
      <Grid gap={0} className="columns">
        <Grid.Col span={{ base: 12, sm: 6 }} p="lg"><Fields form={form} type={type} existing={existing} /></Grid.Col>
        <Grid.Col ref={side} span={{ base: 12, sm: 6 }} className="raised" p="lg" style={{ borderInlineStart: '1px solid var(--hr-line)' }}>
          <Tabs value={tab} onChange={setTab} keepMounted={false}>
            <Tabs.List>
              <Tabs.Tab value="guide">Set-up guide</Tabs.Tab>
              <Tabs.Tab value="check" rightSection={bad > 0 ? <Badge size="xs" color="red.9" circle aria-label={`${bad} to act on`}>{bad}</Badge> : undefined}>Permission check</Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="guide" pt="md"><Guide type={type} cloud={d.cloud} /></Tabs.Panel>
            <Tabs.Panel value="check" pt="md">
              <PermissionCheck checks={test.data?.checks} permissions={permissionsOf(help.data)} pending={test.isPending} error={elsewhere(test.error, placed)} app={appOf(d, test.data?.help)} onAgain={run} onConsent={test.poll} polling={test.polling} cloud={d.cloud} onCloud={(cloud) => form.setFieldValue('cloud', cloud)} />
            </Tabs.Panel>
          </Tabs>
        </Grid.Col>
      </Grid>
      {elsewhere(save.error, placed) !== null && <Box px="lg" py="sm"><FormProblem error={save.error} fields={placed} /></Box>}
      <Group justify="space-between" wrap="nowrap" p="md" px={{ base: 'sm', xs: 'lg' }} style={{ borderTop: '1px solid var(--hr-line)' }}>
        <Button variant="subtle" color="gray" c="var(--mantine-color-text)" onClick={onCancel}>Cancel</Button>
        <Group gap="sm" wrap="nowrap">
          <Text size="xs" role="status" visibleFrom="xs">{!test.data ? 'Not tested yet' : stale ? 'Changed since the test' : <>Tested <When at={new Date(test.submittedAt).toISOString()} /></>}</Text>
          <Button variant="default" loading={test.isPending} onClick={run}>Test</Button>
          <Button type="submit" loading={save.isPending}>Save</Button>
        </Group>
      </Group>
    </form>
  );
}

/** saveChanged saves what was edited, and then a secret that was typed anew. Should that one be refused, the next try begins at what `saved` is told. */
async function saveChanged(existing: Credential, d: Draft, saved: (c: Credential) => void): Promise<Credential> {
  const changed = await editCredential(existing, d);
  saved(changed);
  if (d.secretBy !== 'value' || d.secret === '') return changed;
  return (await rotateCredential(changed, { secretBy: 'value', secret: d.secret, reference: '', expires: d.expires, untested: true })).credential;
}
