/** A Problem is how the server tells an error: RFC 9457, with what headrace adds. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string;
  class: string;
  code: string;
  hint?: string;
  docs?: string;
  upstream?: { service: string; status?: number; code?: string; request_id?: string };
  problems?: FieldProblem[];
  retry_at?: string;
  request_id?: string;
}

/** A FieldProblem says what is wrong with one setting. The field is dotted: "spec.hold.limit", "metadata.name". */
export interface FieldProblem {
  field: string;
  text: string;
}

/** What every failed call throws. */
export class ProblemError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.title);
    this.name = 'ProblemError';
    this.problem = problem;
  }
}

/** The code of a call that no answer came to; the server never sends it. */
export const unreachable = 'server_unreachable';

/** problemOf makes a problem of whatever was thrown. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof ProblemError) return thrown.problem;
  const detail = thrown instanceof Error ? thrown.message : String(thrown);
  return { type: 'about:blank', title: 'Something went wrong in this page', status: 0, detail, class: 'internal', code: 'page_error', hint: 'Load the page again. If it comes back, tell us what you did and this text.' };
}

/** moreOf is what a problem's detail says beyond its title, with which it may begin or end. */
export function moreOf({ title, detail = '' }: Pick<Problem, 'title' | 'detail'>): string {
  if (detail.endsWith(title)) return '';
  return detail.startsWith(`${title}: `) ? detail.slice(title.length + 2) : detail;
}

/** notReached is the problem of a call that got no answer at all. */
export function notReached(thrown: unknown): ProblemError {
  const late = thrown instanceof DOMException && thrown.name === 'TimeoutError';
  const offline = typeof navigator !== 'undefined' && navigator.onLine === false;
  return new ProblemError({
    type: 'about:blank',
    title: offline ? 'This browser is offline' : late ? 'The server did not answer in time' : 'The server could not be reached',
    status: 0,
    class: 'unavailable',
    code: unreachable,
    hint: offline ? 'Connect to the network again; nothing that you typed is lost.' : 'It may be stopped or restarting. Nothing that you typed is lost.',
  });
}

/** answered makes the error of an answer that is no success; an answer that is no problem document gets one. */
export async function answered(response: Response): Promise<ProblemError> {
  const kind = response.headers.get('Content-Type') ?? '';
  const requestID = response.headers.get('X-Request-Id') ?? undefined;
  if (kind.includes('json')) {
    const body: unknown = await response.json().catch(() => null);
    if (isProblem(body)) return new ProblemError({ ...body, status: response.status, request_id: body.request_id ?? requestID });
  }
  return new ProblemError({
    type: 'about:blank',
    title: `The server answered ${response.status} ${response.statusText}`.trim(),
    status: response.status,
    class: response.status >= 500 ? 'unavailable' : 'invalid',
    code: 'not_understood',
    hint: 'Something between this browser and headrace (a proxy?) may have answered instead.',
    request_id: requestID,
  });
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'title' in body && 'code' in body;
}

/** isCode tells whether a call failed for one reason that is known by name. */
export const isCode = (thrown: unknown, code: string): boolean => thrown instanceof ProblemError && thrown.problem.code === code;
