import { plural } from '@/number';
import type { Schemas } from '@/api/ask';
import type { Step } from './status';

/** What a rule does. */
export const kinds = ['keep', 'drop', 'jq'] as const;
export type Kind = (typeof kinds)[number];

/** A Rule is a step as a form has it. `id` stays with it when it moves. */
export interface Rule {
  id: number;
  kind: Kind;
  text: string;
}

export const titles: Record<Kind, { title: string; text: string; example: string }> = {
  keep: { title: 'Keep if', text: 'Keeps only records for which this is true', example: 'Workload != "OneDrive"' },
  drop: { title: 'Drop if', text: 'Drops records for which this is true', example: 'Operation == "FileAccessed"' },
  jq: { title: 'Change (jq)', text: 'A jq program that makes none, one or several records of one', example: 'del(.AppAccessContext)' },
};

/** rulesOf makes rules of a flow's steps. */
export const rulesOf = (steps: Step[] | undefined): Rule[] => (steps ?? []).map((s, id) => ({ id, kind: kinds.find((k) => s[k] !== undefined) ?? 'jq', text: kinds.map((k) => s[k]).find((t) => t !== undefined) ?? '' }));

/** stepsOf writes rules as the server takes them. */
export const stepsOf = (rules: Rule[]): Step[] => rules.map((r) => ({ [r.kind]: r.text }));

/** moved gives rules with one moved by so many places; at an end it stays. */
export function moved(rules: Rule[], at: number, by: number): Rule[] {
  const to = at + by;
  if (to < 0 || to >= rules.length) return rules;
  const out = [...rules];
  [out[at], out[to]] = [out[to]!, out[at]!];
  return out;
}

/** added gives rules with a new one at the end. */
export const added = (rules: Rule[], kind: Kind): Rule[] => [...rules, { id: Math.max(-1, ...rules.map((r) => r.id)) + 1, kind, text: '' }];

/** sums says what became of the samples: "98 of 100 samples pass. 1 dropped, 1 refused." */
export function sums(s: Schemas['FlowTriedSums']): string {
  const rest = [s.dropped > 0 && `${s.dropped} dropped`, s.refused > 0 && `${s.refused} refused`, s.not_tried > 0 && `${s.not_tried} not tried`].filter(Boolean);
  const made = s.made !== s.passed + s.changed ? ` They make ${plural(s.made, 'record')}.` : '';
  return `${s.passed + s.changed} of ${plural(s.records, 'sample')} pass${s.changed > 0 ? `, ${s.changed} changed` : ''}.${rest.length > 0 ? ` ${rest.join(', ')}.` : ''}${made}`;
}
