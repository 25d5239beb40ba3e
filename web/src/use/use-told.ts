import { useDebouncedValue } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ProblemError, type FieldProblem } from '@/api/problem';
import { afterPress } from '@/form/after-press';
import { fieldErrors } from '@/form/problems';
import { judgmentQuery, useJudgment, type Unsaved } from './api';
import type { Kind } from './kind';

/**
 * useTold has the server judge a draft while it is typed. A field's problem is shown once the field was left, all of
 * them once somebody wanted to go on.
 */
export function useTold(kind: Kind | 'flow', u: Unsaved, settings: readonly string[]) {
  const fields = placesOf(settings);
  const client = useQueryClient();
  const [settled] = useDebouncedValue(u, 400);
  const judgment = useJudgment(kind, settled);
  const [touched, touch] = useState<ReadonlySet<string>>(new Set());
  const [all, showAll] = useState(false);
  const { at, rest } = fieldErrors(refused(judgment.data?.problems), fields);
  // What was wrong with an earlier text must not appear when the field is left: the page would move under the mouse, and the button miss its click.
  const current = !judgment.isPlaceholderData && settled === u;
  const shown = Object.fromEntries(Object.entries(at).filter(([f]) => current && (all || touched.has(f))));
  return {
    errors: shown,
    rest: all && current ? rest : [],
    judgment,
    /** Nothing is wrong, as far as is known of exactly what stands in the form. */
    valid: judgment.data?.valid === true && current,
    touch: (field: string) => afterPress(() => touch((old) => new Set(old).add(field))),
    /** It is the last typed character that is judged: somebody who types and goes on at once is not held up by what stood there before. */
    showAll: async (): Promise<boolean> => {
      showAll(true);
      const now = await client.fetchQuery(judgmentQuery(kind, u)).catch(() => undefined);
      const { at, rest } = fieldErrors(refused(now?.problems), fields);
      const first = Object.keys(at)[0];
      if (first) document.querySelector<HTMLElement>(`[data-field="${CSS.escape(first)}"]`)?.focus();
      return now !== undefined && !first && rest.length === 0;
    },
  };
}

/** placesOf names the fields of a form: its name, and its settings as "spec.path", one of which may be called name, too. */
export const placesOf = (settings: readonly string[]): string[] => ['name', ...settings.map((path) => `spec.${path}`)];

/** settingsAt gives what stands at the settings, by their paths. */
export const settingsAt = (errors: Record<string, string>): Record<string, string> => Object.fromEntries(Object.entries(errors).flatMap(([f, text]) => (f.startsWith('spec.') ? [[f.slice('spec.'.length), text]] : [])));

const refused = (problems: FieldProblem[] | undefined) => new ProblemError({ type: '', title: '', status: 422, class: 'invalid', code: 'invalid', problems: problems ?? [] });
