import { Button, Divider, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '@/api/http';
import { readSession, sessionKey, type Session } from '@/api/session';
import { ProblemNotice } from '@/parts/problem-notice';

interface Props {
  session: Session;
  /** Who was signed in; their name need not be typed again. */
  name?: string;
  onDone?: () => void;
}

/** SignInForm asks for name and password, and offers the organisation's own sign-in where there is one. */
export function SignInForm({ session, name: known = '', onDone }: Props) {
  const client = useQueryClient();
  const [name, setName] = useState(known);
  const [password, setPassword] = useState('');
  const sign = useMutation({
    mutationFn: async () => {
      await call('POST', '/session', { body: { name: name.trim(), password } });
      return readSession();
    },
    onSuccess: (now) => {
      client.setQueryData(sessionKey, now);
      onDone?.();
    },
    onError: () => setPassword(''),
  });
  const ready = name.trim() !== '' && password !== '';
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        if (ready) sign.mutate();
      }}
    >
      <Stack>
        {sign.isError && <ProblemNotice error={sign.error} />}
        <TextInput label="Name" name="username" autoComplete="username" required withAsterisk={false} value={name} onChange={(e) => setName(e.currentTarget.value)} data-autofocus={known === '' || undefined} />
        <PasswordInput label="Password" name="password" autoComplete="current-password" required withAsterisk={false} value={password} onChange={(e) => setPassword(e.currentTarget.value)} data-autofocus={known !== '' || undefined} visibilityToggleButtonProps={{ 'aria-label': 'Show the password', tabIndex: 0 }} />
        <Button type="submit" loading={sign.isPending}>Sign in</Button>
        {session.oidc && (
          <>
            <Divider label="or" labelPosition="center" />
            <Button variant="default" component="a" href={withReturn(session.oidc.url)}>{session.oidc.title}</Button>
          </>
        )}
      </Stack>
    </form>
  );
}

/** withReturn tells the sign-in where to come back to. */
function withReturn(url: string): string {
  const to = new URL(url, window.location.origin);
  to.searchParams.set('return_to', window.location.pathname + window.location.search);
  return to.pathname + to.search;
}
