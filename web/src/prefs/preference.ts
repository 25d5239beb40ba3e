import { useLocalStorage } from '@mantine/hooks';

/** The things that a person's browser keeps for them, and what each may be. None is a secret. */
interface Preferences {
  /** Which time zone times are shown in. */
  clock: 'utc' | 'local';
  /** Whether keys without Ctrl do something (WCAG 2.1.4 wants a way to turn them off). */
  keys: 'on' | 'off';
}

const first: Preferences = { clock: 'utc', keys: 'on' };

/** usePreference reads and sets a preference; all tabs follow. */
export function usePreference<K extends keyof Preferences>(name: K): [Preferences[K], (value: Preferences[K]) => void] {
  const [value, set] = useLocalStorage<Preferences[K]>({ key: `headrace-${name}`, defaultValue: first[name], getInitialValueInEffect: false });
  return [value, set];
}
