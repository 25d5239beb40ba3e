import { emptyDraft, type Draft } from '../checks';

/** What of a draft may be kept in a browser: everything but the secret. */
type Kept = Omit<Draft, 'secret'>;

const keyOf = (type: string) => `headrace-draft-credential-${type}`;

/** keep remembers a draft in this browser, until it is saved; never its secret. */
export function keep(type: string, d: Draft): void {
  const rest: Kept & { secret?: string } = { ...d };
  delete rest.secret;
  localStorage.setItem(keyOf(type), JSON.stringify(rest));
}

/** kept gives the draft that was left here, or a new one. What does not fit the form is left out. */
export function kept(type: string): Draft {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(keyOf(type)) ?? '{}');
    const texts = Object.entries(found as object).filter(([k, v]) => k in emptyDraft && k !== 'secret' && typeof v === 'string');
    return { ...emptyDraft, ...Object.fromEntries(texts) };
  } catch {
    return emptyDraft;
  }
}

export const forget = (type: string): void => localStorage.removeItem(keyOf(type));
