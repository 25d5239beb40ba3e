import {
  IconActivity,
  IconArrowsSplit2,
  IconDatabaseExport,
  IconDatabaseImport,
  IconGridDots,
  IconHistory,
  IconKey,
  IconListCheck,
  IconMailX,
  IconSettings,
  IconSparkles,
  IconTable,
  type TablerIcon,
} from '@tabler/icons-react';
import type { LinkProps } from '@tanstack/react-router';
import type { Counts } from './counts';

/** An Entry of the left menu. `key` is pressed after g to go there. */
export interface Entry {
  label: string;
  to: NonNullable<LinkProps['to']>;
  icon: TablerIcon;
  key?: string;
  /** Which count of things to act on stands beside it; see counts.ts. */
  count?: keyof Counts;
}

/** The left menu: groups with their entries, in order. A page adds its line here. */
export const menu: { title?: string; entries: Entry[] }[] = [
  { entries: [{ label: 'Overview', to: '/', icon: IconActivity, key: 'o' }] },
  {
    title: 'Build',
    entries: [
      { label: 'Flows', to: '/flows', icon: IconArrowsSplit2, key: 'f' },
      { label: 'Sources', to: '/sources', icon: IconDatabaseImport, key: 's' },
      { label: 'Data sets', to: '/datasets', icon: IconTable, key: 'e' },
      { label: 'Destinations', to: '/destinations', icon: IconDatabaseExport, key: 'd' },
      { label: 'Credentials', to: '/credentials', icon: IconKey, key: 'c', count: 'credentials' },
    ],
  },
  {
    title: 'Microsoft 365',
    entries: [{ label: 'Copilot connections', to: '/copilot', icon: IconSparkles, key: 'p' }],
  },
  {
    title: 'Operate',
    entries: [
      { label: 'Runs', to: '/runs', icon: IconListCheck, key: 'r' },
      { label: 'Coverage', to: '/coverage', icon: IconGridDots, key: 'v', count: 'coverage' },
      { label: 'Dead letters', to: '/deadletters', icon: IconMailX, key: 'x', count: 'dead_letters' },
    ],
  },
  {
    title: 'Admin',
    entries: [
      { label: 'Audit log', to: '/audit', icon: IconHistory, key: 'a' },
      { label: 'Settings', to: '/settings', icon: IconSettings, key: 't' },
    ],
  },
];

export const entries: Entry[] = menu.flatMap((g) => g.entries);
