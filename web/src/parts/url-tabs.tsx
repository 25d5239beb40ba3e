import { Badge, Tabs, VisuallyHidden } from '@mantine/core';
import type { ReactNode } from 'react';

/** A Tab of a page. count stands beside its label where somebody must act. */
export interface Tab<K extends string> {
  key: K;
  label: string;
  count?: number;
}

interface Props<K extends string> {
  tabs: readonly Tab<K>[];
  value: K;
  /** Puts the tab into the address. */
  onPick: (tab: K) => void;
  label: string;
  children: ReactNode;
}

/** UrlTabs are the tabs of a page; which one is open stands in its address. */
export function UrlTabs<K extends string>({ tabs, value, onPick, label, children }: Props<K>) {
  return (
    <Tabs value={value} onChange={(t) => t && onPick(t as K)} keepMounted={false} activateTabWithKeyboard={false}>
      <Tabs.List aria-label={label}>
        {tabs.map((t) => (
          <Tabs.Tab
            key={t.key}
            value={t.key}
            data-edit={t.key === 'settings' || undefined}
            rightSection={t.count ? <Badge size="sm" color="red.9" variant="filled">{t.count > 999 ? '999+' : t.count}<VisuallyHidden> to act on</VisuallyHidden></Badge> : undefined}
          >
            {t.label}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      <Tabs.Panel value={value} pt="lg">{children}</Tabs.Panel>
    </Tabs>
  );
}
