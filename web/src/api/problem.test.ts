import { describe, expect, it, test } from 'vitest';
import { answered, moreOf, notReached, problemOf, ProblemError, unreachable } from './problem';

const json = (body: unknown, status: number) =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/problem+json', 'X-Request-Id': 'r1' } });

describe('answered', () => {
  it('keeps what the server said', async () => {
    const e = await answered(json({ title: 'the name is taken', code: 'name_taken', hint: 'choose another' }, 409));
    expect(e.problem).toMatchObject({ title: 'the name is taken', code: 'name_taken', status: 409, request_id: 'r1' });
  });
  it('prefers the request ID inside the document', async () => {
    expect((await answered(json({ title: 't', code: 'c', request_id: 'inner' }, 500))).problem.request_id).toBe('inner');
  });
  it.each([
    ['a page of a proxy', new Response('<h1>Bad gateway</h1>', { status: 502, headers: { 'Content-Type': 'text/html' } })],
    ['JSON that is no problem', json({ message: 'hm' }, 502)],
    ['JSON that is broken', new Response('{', { status: 502, headers: { 'Content-Type': 'application/json' } })],
  ])('says that it did not understand %s', async (_, response) => {
    const { problem } = await answered(response);
    expect(problem.code).toBe('not_understood');
    expect(problem.title).toContain('502');
    expect(problem.hint).toContain('proxy');
  });
});

test('moreOf does not say the title again', () => {
  expect(moreOf({ title: 'no such thing' })).toBe('');
  expect(moreOf({ title: 'no such thing', detail: 'no such thing' })).toBe('');
  expect(moreOf({ title: 'no such thing', detail: 'no such thing: HTTP 404' })).toBe('HTTP 404');
  expect(moreOf({ title: 'no such thing', detail: 'list things: no such thing' })).toBe('');
  expect(moreOf({ title: 'no such thing', detail: 'list things: no such thing: HTTP 404' })).toBe('list things: no such thing: HTTP 404');
});

describe('problemOf', () => {
  it('gives a problem back', () => {
    const p = notReached(new TypeError('fetch failed'));
    expect(problemOf(p)).toBe(p.problem);
    expect(p.problem.code).toBe(unreachable);
    expect(p).toBeInstanceOf(ProblemError);
  });
  it('tells a late answer from none', () => {
    expect(notReached(new DOMException('late', 'TimeoutError')).problem.title).toContain('in time');
  });
  it('names the page for anything else', () => {
    expect(problemOf(new RangeError('x')).code).toBe('page_error');
  });
});
