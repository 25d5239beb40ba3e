import { expect } from 'vitest';
import { violations } from '../rig/axe.ts';
import { journey } from '../rig/journey.ts';
import { shot } from '../rig/shot.ts';
import type { Tab } from '../rig/tab.ts';
import { furnished, visit } from '../rig/world.ts';

/** A Place is what an address alone does not show, or shows under another tab. */
interface Place {
  at: string;
  /** Opens it; what it gives stands there when it is complete. */
  open?: (tab: Tab) => Promise<void>;
  wide?: boolean;
}

const menu = (name: string | RegExp) => async (tab: Tab) => {
  await tab.page.getByRole('button', { name, exact: typeof name === 'string' }).first().click();
  await tab.page.getByRole('menu').waitFor();
};
const press = (name: string | RegExp) => async (tab: Tab) => {
  await tab.click(name);
  await tab.page.getByRole('dialog').waitFor();
};
const key = (name: string) => async (tab: Tab) => {
  await tab.page.keyboard.press(name);
  await tab.page.getByRole('dialog').waitFor();
};
const dialog = (tab: Tab) => tab.page.getByRole('dialog').waitFor();
const tabs = (at: string, all: string[]): Place[] => all.map((t) => ({ at: `${at}?tab=${t}` }));

const places: Place[] = [
  ...tabs('/flows/contoso-archive', ['dataset', 'transform', 'runs', 'letters', 'settings', 'yaml']),
  ...tabs('/copilot/runbooks', ['schema', 'items', 'access', 'groups', 'doctor', 'settings']),
  ...tabs('/settings', ['account', 'users']),
  { at: '/flows/contoso-archive?do=backfill', open: dialog },
  { at: '/flows/contoso-archive', open: menu('More actions'), wide: true },
  { at: '/flows/handbook-to-copilot', open: press('Run now…') },
  { at: '/credentials?add=office-365-management-api', open: dialog },
  { at: '/credentials', open: menu('More about contoso-audit') },
  { at: '/settings?tab=users', open: press('New user'), wide: true },
  { at: '/', open: menu(/^Signed in as/) },
  { at: '/', open: key('?'), wide: true },
  { at: '/', open: key('Control+k') },
];

/** outside tells what is wider than where it stands: the page itself, what opened above it, and text that another thing hides. */
function outside(tab: Tab): Promise<string[]> {
  return tab.page.evaluate(() => {
    const page = document.documentElement;
    const found = page.scrollWidth > page.clientWidth ? [`the page is ${page.scrollWidth - page.clientWidth} px wider than the screen`] : [];
    for (const e of document.querySelectorAll<HTMLElement>('button, a, h1, h2, h3, label, dd, [role="dialog"], [role="menu"], [role="menuitem"]')) {
      const box = e.getBoundingClientRect();
      if (box.width === 0 || !e.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
      const scrolled = e.parentElement?.closest('[role="region"], [role="tablist"], .mantine-ScrollArea-viewport, .mantine-Table-scrollContainer, .cm-scroller, pre');
      if (!scrolled && (box.right > page.clientWidth + 1 || box.left < -1) && box.right > 0) found.push(`${e.tagName.toLowerCase()} "${e.textContent?.slice(0, 40)}" lies outside of the screen`);
      const clipped = getComputedStyle(e).textOverflow !== 'ellipsis' && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 && getComputedStyle(e).display !== 'inline';
      if (clipped) found.push(`${e.tagName.toLowerCase()} "${e.textContent?.slice(0, 40)}" is ${e.scrollWidth - e.clientWidth} px wider than its box`);
    }
    return found;
  });
}

// The pages' first views are looked at in all four ways elsewhere; here what opens: all of it dark and narrow, where least fits, and each kind of it light and wide.
const narrow = { theme: 'dark', width: 380 } as const;
const wide = { theme: 'light', width: 1280 } as const;

journey('tabs, overlays, dialogs and menus have nothing that axe finds, and nothing that does not fit', async (stage) => {
  const world = await furnished(stage);
  const tab = await visit(stage, world);
  await expect.poll(async () => (await world.sim.items('runbooks')).length, { timeout: 60_000 }).toBe(2);
  const found: string[] = [];
  for (const [i, place] of places.entries()) {
    const { theme, width } = place.wide ? wide : narrow;
    await tab.page.emulateMedia({ colorScheme: theme });
    await tab.page.setViewportSize({ width, height: 800 });
    await tab.go(place.at);
    await tab.page.getByRole('heading', { level: 1 }).first().waitFor();
    await tab.settled();
    await place.open?.(tab);
    await tab.settled();
    await tab.still();
    // A menu opens at the end of the document, so that nothing clips it: outside of the landmarks of the page.
    const menus = await tab.page.getByRole('menu').count();
    const wrong = (await violations(tab)).filter((v) => menus === 0 || !v.startsWith('region '));
    found.push(...[...wrong, ...(await outside(tab))].map((v) => `${place.at} (${i}) ${theme} ${width}: ${v}`));
    await shot(tab, `inside-${i}-${place.at.replace(/[^a-z0-9]+/gi, '-')}`);
  }
  expect(found).toEqual([]);
}, 120_000);
