import { afterEach, expect, it, vi } from 'vitest';
import { lent } from './http';
import { readSession } from './session';

const json = (body: unknown) => new Response(JSON.stringify(body), { headers: { 'Content-Type': 'application/json' } });

afterEach(() => vi.unstubAllGlobals());

it('keeps what calls need while the session is read again', async () => {
  lent.csrf = 'before';
  const during: string[] = [];
  vi.stubGlobal('fetch', async (url: string) => {
    during.push(lent.csrf);
    return url.endsWith('/setup') ? json({ setup: false, signed_in: true }) : json({ name: 'ana', role: 'admin', csrf: 'after' });
  });
  await readSession();
  expect(during).toEqual(['before', 'before']);
  expect(lent.csrf).toBe('after');
});
