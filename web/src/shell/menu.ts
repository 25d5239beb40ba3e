import {
  IconActivity,
  IconKey,
  type TablerIcon,
} from '@tabler/icons-react';
import type { LinkProps } from '@tanstack/react-router';

/** An Entry of the left menu. `key` is pressed after g to go there. */
export interface Entry {
  label: string;
  to: NonNullable<LinkProps['to']>;
  icon: TablerIcon;
  key?: string;
  /** Which count of things to act on stands beside it; see counts.ts. */
  count?: 'credentials' | 'dead_letters' | 'coverage';
}

/** The left menu: groups with their entries, in order. A page adds its line here. */
export const menu: { title?: string; entries: Entry[] }[] = [
  { entries: [{ label: 'Overview', to: '/', icon: IconActivity, key: 'o' }] },
  {
    title: 'Build',
    entries: [
      { label: 'Credentials', to: '/credentials', icon: IconKey, key: 'c', count: 'credentials' },
    ],
  },
];

export const entries: Entry[] = menu.flatMap((g) => g.entries);
