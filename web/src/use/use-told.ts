import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { ProblemError } from '@/api/problem';
import { fieldErrors } from '@/form/problems';
import { useJudgment, type Unsaved } from './api';
import type { Kind } from './kind';

/**
 * useTold has the server judge a draft while it is typed. A field's problem is shown once the field was left, all of
 * them once somebody wanted to go on.
 */
export function useTold(kind: Kind | 'flow', u: Unsaved, fields: readonly string[]) {
  const [settled] = useDebouncedValue(u, 400);
  const judgment = useJudgment(kind, settled);
  const [touched, touch] = useState<ReadonlySet<string>>(new Set());
  const [all, showAll] = useState(false);
  const error = new ProblemError({ type: '', title: '', status: 422, class: 'invalid', code: 'invalid', problems: judgment.data?.problems ?? [] });
  const { at, rest } = fieldErrors(error, ['name', ...fields]);
  const shown = Object.fromEntries(Object.entries(at).filter(([f]) => all || touched.has(f)));
  return {
    errors: shown,
    rest: all ? rest : [],
    judgment,
    /** Nothing is wrong, as far as is known of exactly what stands in the form. */
    valid: judgment.data?.valid === true && !judgment.isPlaceholderData && settled === u,
    touch: (field: string) => touch((old) => new Set(old).add(field)),
    showAll: () => {
      showAll(true);
      const first = Object.keys(at)[0];
      if (first) document.querySelector<HTMLElement>(`[data-field="${CSS.escape(first)}"]`)?.focus();
      return Object.keys(at).length === 0 && rest.length === 0;
    },
  };
}
