import type { Tone } from '@/parts/state-pill';
import { sentence } from '@/text/sentence';
import type { Check, Help } from './api';

/** Row is a check as it is shown. */
export interface Row extends Check {
  tone: Tone;
  word: string;
}

/** rowOf gives a check its icon and its word; permissions are granted or missing, logging is on or off. */
export function rowOf(c: Check, permissions: string[]): Row {
  const permission = permissions.includes(c.name);
  const logging = /audit logging/i.test(c.name);
  switch (c.result) {
    case 'works':
      return { ...c, tone: 'ok', word: permission ? 'Granted' : logging ? 'On' : 'Works' };
    case 'missing':
      return { ...c, tone: 'bad', word: logging ? 'Off' : 'Missing' };
    case 'not_needed':
      return /end date/i.test(c.name) ? { ...c, tone: 'unknown', word: 'Not known' } : { ...c, tone: 'info', word: 'Not needed yet' };
    case 'broader':
      return { ...c, tone: 'info', word: 'Granted, broader than needed' };
    case 'refused':
      return { ...c, tone: 'bad', word: 'Rejected' };
  }
  if (c.class === 'throttled') return { ...c, tone: 'unknown', word: 'Asked to wait' };
  return c.class ? { ...c, tone: 'unreachable', word: 'Cannot reach' } : { ...c, tone: 'unknown', word: 'Cannot tell yet' };
}

export const permissionsOf = (help: Help | undefined): string[] => help?.permissions.map((p) => p.name) ?? [];

/** Outcome is what a whole test says, in one line. */
export interface Outcome {
  tone: 'ok' | 'bad' | 'unknown';
  title: string;
  text: string;
  /** An admin's consent may be all that is missing. */
  consent: boolean;
}

/** outcomeOf sums a test up, of a credential that is saved or not yet: what hinders most comes first. */
export function outcomeOf(checks: Check[], permissions: string[], saved: boolean): Outcome {
  const bad = checks.filter((c) => !c.ok && c.result !== 'unknown');
  const missing = bad.filter((c) => c.result === 'missing' && permissions.includes(c.name));
  const refused = bad.find((c) => c.result === 'refused');
  const unreached = checks.find((c) => c.result === 'unknown' && c.class);
  const signedIn = checks.some((c) => /token/i.test(c.name) && c.ok);
  if (!signedIn && refused) return { tone: 'bad', title: sentence(refused.text).replace(/\.$/, ''), text: refused.fix ?? 'Look at the row below; then test again.', consent: false };
  if (missing.length > 0) {
    return {
      tone: 'bad',
      title: `Signed in, but ${missing.length} ${missing.length === 1 ? 'permission is' : 'permissions are'} missing`,
      text: `${saved ? 'Flows' : 'You can save now; flows'} that need the permission wait until it is granted.`,
      consent: true,
    };
  }
  if (bad.length > 0) return { tone: 'bad', title: signedIn ? `Signed in, but ${bad[0]!.name} needs attention` : `${bad[0]!.name} needs attention`, text: bad[0]!.fix ?? bad[0]!.text, consent: false };
  if (unreached) return { tone: 'unknown', title: `${unreached.name} could not be checked`, text: unreached.fix ?? `A proxy or a firewall may stand between this server and Microsoft.${saved ? '' : ' You can save now and test later.'}`, consent: false };
  return { tone: 'ok', title: 'Everything this credential needs is granted', text: saved ? 'Sources and destinations can sign in with it.' : 'Save it, then choose what to collect or to fill.', consent: false };
}
