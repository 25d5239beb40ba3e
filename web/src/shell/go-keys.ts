import { useNavigate } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { usePreference } from '@/prefs/preference';
import { entries } from './menu';

/** How long after g the second key counts. */
const patience = 1_500;

/** Where keys are typed, not pressed. */
export const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** useGoKeys goes to a page by g and its letter, to the page's filter by /, through its list by j and k, edits by e, and opens the list of keys by ?. */
export function useGoKeys(openList: () => void): void {
  const [keys] = usePreference('keys');
  const go = useNavigate();
  const since = useRef(0);
  useEffect(() => {
    if (keys === 'off') return;
    const press = (e: KeyboardEvent) => {
      if (e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented || isTyping(e.target) || document.querySelector('[aria-modal="true"]')) return;
      const armed = e.timeStamp - since.current < patience && since.current > 0;
      since.current = 0;
      const entry = armed ? entries.find((x) => x.key === e.key) : undefined;
      if (entry) void go({ to: entry.to });
      else if (e.key === 'g') since.current = e.timeStamp;
      else if (e.key === '?') openList();
      else if (e.key === '/') focusFilter(e);
      else if (e.key === 'j') focusRow(1);
      else if (e.key === 'k') focusRow(-1);
      else if (e.key === 'e') document.querySelector<HTMLElement>('main [data-edit]:not(:disabled)')?.click();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [keys, go, openList]);
}

function focusFilter(e: KeyboardEvent): void {
  const filter = document.querySelector<HTMLElement>('[data-filter]');
  if (!filter) return;
  e.preventDefault();
  filter.focus();
}

/** What j and k go through: the first link of each row of a table, tiles, and lists that have keys of their own. */
const stops = 'main table:not([role="grid"]) tbody tr, main .tile-box, main [role="listbox"]';

/** focusRow moves the focus to what stands after or before it in the page's list; Enter then opens it, as any link. */
function focusRow(by: 1 | -1): void {
  const all = [...document.querySelectorAll<HTMLElement>(stops)].map((e) => (e.matches('[role="listbox"]') ? e : e.querySelector<HTMLElement>('a, button'))).filter((e): e is HTMLElement => e !== null);
  const rows = all.map((e) => e.closest('tr') ?? e);
  const at = rows.findIndex((r) => r.contains(document.activeElement));
  const to = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.max(0, Math.min(all.length - 1, at + by))];
  to?.focus();
  to?.scrollIntoView({ block: 'nearest' });
}
