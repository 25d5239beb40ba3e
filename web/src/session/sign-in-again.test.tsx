import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, it, vi } from 'vitest';
import { call, lent } from '@/api/http';
import { SignInAgain } from './again';

afterEach(() => vi.unstubAllGlobals());

const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });

it('asks over the page, and the call that failed goes on', async () => {
  let signedIn = false;
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    if (url.endsWith('/session') && init.method === 'POST') signedIn = true;
    if (url.endsWith('/setup')) return json({ setup: false, signed_in: true });
    if (url.endsWith('/session')) return json({ name: 'ana', role: 'admin', csrf: 'new' });
    return signedIn ? json({ items: ['a'] }) : json({ title: 'sign in', code: 'signed_out' }, 401);
  });
  render(
    <QueryClientProvider client={new QueryClient()}>
      <MantineProvider env="test"><SignInAgain session={{ user: { name: 'ana', displayName: 'Ana', role: 'admin' }, setup: false }} name="ana" /></MantineProvider>
    </QueryClientProvider>,
  );
  const answer = call('GET', '/sources');
  await screen.findByText(/nothing that you typed is lost/);
  expect(screen.getByLabelText<HTMLInputElement>('Name').value).toBe('ana');
  await userEvent.type(screen.getByLabelText('Password'), 'a long password');
  await userEvent.click(screen.getByRole('button', { name: 'Sign in' }));
  expect(await answer).toEqual({ items: ['a'] });
  expect(lent.csrf).toBe('new');
  await waitFor(() => expect(screen.queryByText(/nothing that you typed is lost/)).toBeNull());
});
