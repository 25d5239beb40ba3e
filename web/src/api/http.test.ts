import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { address, call, lent } from './http';
import { ProblemError } from './problem';

describe('address', () => {
  it('puts values into the path, escaped', () => {
    expect(address('/sources/{name}/pause', { path: { name: 'a/b c' } })).toBe('/api/v1/sources/a%2Fb%20c/pause');
  });
  it('leaves out what is empty and repeats lists', () => {
    expect(address('/runs', { query: { after: undefined, q: '', state: ['a', 'b'], limit: 0 } })).toBe('/api/v1/runs?state=a&state=b&limit=0');
  });
  it('refuses a path without its value', () => {
    expect(() => address('/sources/{name}', {})).toThrow('needs name');
  });
});

describe('call', () => {
  const asked = vi.fn<typeof fetch>();
  const answer = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });
  beforeEach(() => {
    vi.stubGlobal('fetch', asked);
    asked.mockReset();
    lent.csrf = 'c1';
  });
  afterEach(() => {
    lent.onSignedOut = async () => false;
    vi.unstubAllGlobals();
  });

  it('sends revision, key and CSRF value with a change', async () => {
    asked.mockResolvedValue(answer({}));
    await call('PATCH', '/sources/{name}', { path: { name: 'a' }, body: {}, revision: 7, idempotencyKey: 'k' });
    expect(asked.mock.calls[0]?.[1]?.headers).toMatchObject({ 'If-Match': '"7"', 'Idempotency-Key': 'k', 'X-Headrace-CSRF': 'c1' });
  });
  it('sends no CSRF value with a question', async () => {
    asked.mockResolvedValue(answer({}));
    await call('GET', '/sources');
    expect(asked.mock.calls[0]?.[1]?.headers).not.toHaveProperty('X-Headrace-CSRF');
  });
  it('waits for somebody to sign in and asks again', async () => {
    asked.mockResolvedValueOnce(answer({ title: 'sign in', code: 'signed_out' }, 401)).mockResolvedValueOnce(answer({ ok: 1 }));
    lent.onSignedOut = async () => true;
    expect(await call('GET', '/sources')).toEqual({ ok: 1 });
  });
  it('does not ask who is signed in for ever', async () => {
    asked.mockImplementation(async () => answer({ title: 'wrong', code: 'wrong_password' }, 401));
    lent.onSignedOut = async () => true;
    await expect(call('POST', '/session', { body: {} })).rejects.toThrow('wrong');
    expect(asked).toHaveBeenCalledTimes(1);
  });
  it('tells that no answer came', async () => {
    asked.mockRejectedValue(new TypeError('fetch failed'));
    await expect(call('GET', '/sources')).rejects.toBeInstanceOf(ProblemError);
  });
  it('tells a success that is no JSON', async () => {
    asked.mockResolvedValue(new Response('<html>', { status: 200 }));
    await expect(call('GET', '/sources')).rejects.toThrow('no JSON');
  });
  it('gives nothing for an empty answer', async () => {
    asked.mockResolvedValue(new Response(null, { status: 204 }));
    expect(await call('DELETE', '/sources/{name}', { path: { name: 'a' } })).toBeUndefined();
  });
});
