import { Button, Code, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { ask } from '@/api/ask';
import { isCode } from '@/api/problem';
import { readSession, sessionKey } from '@/api/session';
import { FormProblem } from '@/form/form-problem';
import { fieldErrors } from '@/form/problems';
import { Password } from '@/parts/password';
import { PlainPage } from './plain-page';

/** The fewest characters of a password; the server asks for the same. */
const shortest = 12;

const fields = ['code', 'name', 'password'] as const;

/** SetUp makes the first account, with the code that the server printed when it started. */
export default function SetUp() {
  const client = useQueryClient();
  const go = useNavigate();
  const form = useForm({
    initialValues: { code: codeOfAddress(), name: '', password: '' },
    validate: {
      code: (v) => (v.trim() ? null : 'Enter the code that the server printed.'),
      name: (v) => (v.trim() ? null : 'Enter a name to sign in with.'),
      password: (v) => (v.length >= shortest ? null : `Use at least ${shortest} characters; a sentence is good.`),
    },
  });
  const make = useMutation({
    mutationFn: async () => {
      await ask('POST', '/setup', { body: { code: form.values.code.trim(), name: form.values.name.trim(), password: form.values.password } });
      return readSession();
    },
    onSuccess: (now) => {
      client.setQueryData(sessionKey, now);
      void go({ to: '/', hash: '' });
    },
    onError: (e) => form.setErrors(fieldErrors(e, fields).at),
  });
  return (
    <PlainPage title="Set up headrace" text={<>Make the first account. It is an administrator&apos;s. The code stands where the server was started, after <Code>set-up code</Code>, and is good for one use.</>}>
      <form onSubmit={form.onSubmit(() => make.mutate(), () => make.reset())} noValidate>
        <Stack>
          <FormProblem error={make.error} fields={fields} />
          {isCode(make.error, 'set_up_already') && <Button variant="default" onClick={() => void client.invalidateQueries({ queryKey: sessionKey })}>Sign in</Button>}
          <TextInput label="Set-up code" className="mono-input" autoComplete="one-time-code" spellCheck={false} data-autofocus {...form.getInputProps('code')} />
          <TextInput label="Your name" description="You sign in with it" name="username" autoComplete="username" {...form.getInputProps('name')} />
          <Password label="Password" description={`At least ${shortest} characters`} name="new-password" autoComplete="new-password" {...form.getInputProps('password')} />
          <Button type="submit" loading={make.isPending}>Make the account</Button>
        </Stack>
      </form>
    </PlainPage>
  );
}

/** The server may print an address with the code behind #; what stands there never travels to a server or a log. */
function codeOfAddress(): string {
  return new URLSearchParams(window.location.hash.slice(1)).get('code') ?? '';
}
