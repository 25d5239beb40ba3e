import { useLocalStorage } from '@mantine/hooks';
import { useState } from 'react';
import type { Spec, Unsaved } from './api';
import { nested, type Settings } from './form/values';
import type { Kind } from './kind';

/** A Draft is a use on its way through the wizard. It is kept in this browser; a connector's settings hold no secrets. */
export interface Draft {
  name: string;
  description: string;
  credential: string;
  settings: Settings;
  /** Makes the creation safe to send again. */
  key: string;
}

const empty = (): Draft => ({ name: '', description: '', credential: '', settings: {}, key: crypto.randomUUID() });

/** useDraft keeps the draft of one connector over the wizard's steps, reloads and days. */
export function useDraft(kind: Kind, connector: string) {
  const [first] = useState(empty);
  const [kept, set, forget] = useLocalStorage<Draft>({ key: `headrace-draft-${kind}-${connector}`, defaultValue: first, getInitialValueInEffect: false });
  const draft = { ...first, ...kept };
  return { draft, change: (part: Partial<Draft>) => set((old) => ({ ...first, ...old, ...part })), forget };
}

/** specOf gives a draft's spec as the API takes it. */
export const specOf = (connector: string, d: Pick<Draft, 'credential' | 'settings'>): Spec => ({ connector, ...(d.credential ? { credential: d.credential } : {}), ...nested(d.settings) });

export const unsavedOf = (connector: string, d: Draft): Unsaved => ({ name: d.name.trim(), spec: specOf(connector, d) });
