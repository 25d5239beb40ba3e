import { Button, Divider, Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ask } from '@/api/ask';
import { readSession, sessionKey, type Session } from '@/api/session';
import { Password } from '@/parts/password';
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
      await ask('POST', '/session', { body: { name: name.trim(), password } });
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
        <Password label="Password" name="password" autoComplete="current-password" required withAsterisk={false} value={password} onChange={(e) => setPassword(e.currentTarget.value)} data-autofocus={known !== '' || undefined} />
        <Button type="submit" loading={sign.isPending}>Sign in</Button>
        {session.provider && (
          <>
            <Divider label="or" labelPosition="center" />
            <Button variant="default" component="a" href={providerURL()}>Sign in with {session.provider}</Button>
          </>
        )}
      </Stack>
    </form>
  );
}

/** providerURL begins the sign-in at the organisation's service; it leads back to where the person is now. */
function providerURL(): string {
  return `/api/v1/oidc/begin?${new URLSearchParams({ next: window.location.pathname + window.location.search })}`;
}
