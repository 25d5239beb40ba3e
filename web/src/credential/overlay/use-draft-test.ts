import { useMutation } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { tryDraft } from '../api';
import type { Draft } from '../checks';

const every = 15_000;
const forLong = 5 * 60_000;

/**
 * useDraftTest tests what stands in the form. After `poll` it asks again every 15 seconds for 5 minutes, since an
 * admin's consent takes some time to reach the token; it stops when the test passes.
 */
export function useDraftTest(type: string, existing: string | undefined) {
  const test = useMutation({ mutationFn: (d: Draft) => tryDraft(type, d, existing) });
  const [until, setUntil] = useState(0);
  const { mutate, isPending, data, variables, submittedAt } = test;
  const ok = data?.ok === true;
  useEffect(() => {
    if (until === 0 || ok || isPending || !variables) return;
    const timer = setTimeout(() => (Date.now() < until ? mutate(variables) : setUntil(0)), every);
    return () => clearTimeout(timer);
  }, [until, ok, isPending, variables, mutate, submittedAt]);
  return { ...test, polling: until > 0 && !ok, poll: () => setUntil(Date.now() + forLong) };
}
