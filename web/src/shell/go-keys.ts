import { useNavigate } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { usePreference } from '@/prefs/preference';
import { entries } from './menu';

/** How long after g the second key counts. */
const patience = 1_500;

/** Where keys are typed, not pressed. */
export const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** useGoKeys goes to a page by g and its letter, to the page's filter by /, and opens the list of keys by ?. */
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
