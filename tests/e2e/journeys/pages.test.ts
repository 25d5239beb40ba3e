import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { violations } from '../rig/axe.ts';
import { Headrace } from '../rig/headrace.ts';
import { journey } from '../rig/journey.ts';
import { likeBaseline, shot } from '../rig/shot.ts';
import type { Tab } from '../rig/tab.ts';
import { furnished, resting, visit } from '../rig/world.ts';

const views = [
  { theme: 'light', width: 1280 },
  { theme: 'dark', width: 1280 },
  { theme: 'dark', width: 380 },
  { theme: 'light', width: 380 },
] as const;

/** Every page: its route as the app has it, where to go for it, and what stands there when it is complete. */
const pages: { route: string; at: string; shows: string | RegExp }[] = [
  { route: '/', at: '/', shows: 'Overview' },
  { route: '/flows', at: '/flows', shows: 'Flows' },
  { route: '/flows/new', at: '/flows/new', shows: 'New flow' },
  { route: '/flows/$name', at: '/flows/contoso-archive', shows: 'contoso-archive' },
  { route: '/sources', at: '/sources', shows: 'Sources' },
  { route: '/sources/new', at: '/sources/new', shows: 'New source' },
  { route: '/sources/new/$connector/$step', at: '/sources/new/office-365-management-api/authenticate', shows: 'Authenticate' },
  { route: '/sources/$name', at: '/sources/contoso', shows: 'contoso' },
  { route: '/destinations', at: '/destinations', shows: 'Destinations' },
  { route: '/destinations/new', at: '/destinations/new', shows: 'New destination' },
  { route: '/destinations/new/$connector/$step', at: '/destinations/new/file/configure', shows: 'Configure' },
  { route: '/destinations/$name', at: '/destinations/archive', shows: 'archive' },
  { route: '/datasets', at: '/datasets', shows: 'Data sets' },
  { route: '/datasets/$name', at: '/datasets/contoso', shows: 'contoso' },
  { route: '/credentials', at: '/credentials', shows: 'Credentials' },
  { route: '/credentials/$name', at: '/credentials/contoso-audit', shows: 'contoso-audit' },
  { route: '/copilot', at: '/copilot', shows: /Copilot/ },
  { route: '/copilot/$name', at: '/copilot/runbooks', shows: 'runbooks' },
  { route: '/runs', at: '/runs', shows: 'Runs' },
  { route: '/coverage', at: '/coverage', shows: 'Coverage' },
  { route: '/deadletters', at: '/deadletters', shows: 'Dead letters' },
  { route: '/audit', at: '/audit', shows: 'Audit log' },
  { route: '/settings', at: '/settings', shows: 'Settings' },
];

/** The app's own list of addresses. */
function routes(): string[] {
  const home = fileURLToPath(new URL('../../../web/src/pages', import.meta.url));
  return readdirSync(home, { recursive: true, encoding: 'utf8' })
    .filter((f) => f.endsWith('routes.ts'))
    .flatMap((f) => [...readFileSync(join(home, f), 'utf8').matchAll(/\bpath: '([^']+)'/g)].map((m) => m[1]!));
}

/** Pages that a journey of their own looks at. */
const elsewhere = ['/runs/$id'];

journey('every page, in both themes and on a small screen', async (stage) => {
  expect(routes().filter((r) => !pages.some((p) => p.route === r) && !elsewhere.includes(r)), 'pages that no test looks at').toEqual([]);
  const world = await furnished(stage);
  const tab = await visit(stage, world);
  const found: string[] = [];
  for (const p of pages) {
    await tab.page.setViewportSize({ width: 1280, height: 800 });
    await tab.go(p.at);
    await tab.heading(p.shows);
    await tab.settled();
    await tab.still();
    found.push(...(await inAllViews(tab, p.route)));
  }
  expect(found).toEqual([]);
}, 300_000);

async function inAllViews(tab: Tab, name: string): Promise<string[]> {
  const found: string[] = [];
  for (const { theme, width } of views) {
    await tab.page.emulateMedia({ colorScheme: theme });
    await tab.page.setViewportSize({ width, height: 800 });
    const view = `${name} ${theme} ${width}`;
    found.push(...(await violations(tab)).map((v) => `${view}: ${v}`));
    const wide = await tab.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (wide > 0) found.push(`${view}: the page is ${wide} px wider than the screen`);
    const picture = `pages-${view.replace(/[^a-z0-9]+/gi, '-').replace(/^-+/, '')}`;
    await shot(tab, picture);
  }
  return found;
}

interface Still {
  name: string;
  at: string;
  shows: string;
}

/** Views that hold no data: of these, pictures are the same each time. */
const empty: Still[] = [
  { name: 'overview-empty', at: '/', shows: 'Overview' },
  { name: 'flows-empty', at: '/flows', shows: 'Flows' },
  { name: 'flow-new', at: '/flows/new', shows: 'New flow' },
  { name: 'destination-new', at: '/destinations/new', shows: 'New destination' },
  { name: 'copilot-configure', at: '/destinations/new/microsoft-365-copilot/configure', shows: 'Configure' },
  { name: 'letters-empty', at: '/deadletters', shows: 'Dead letters' },
];

/** Views of things that rest: what differs each time is a time, and not drawn. */
const rest: Still[] = [
  { name: 'credentials', at: '/credentials', shows: 'Credentials' },
  { name: 'credential', at: '/credentials/contoso-audit', shows: 'contoso-audit' },
  { name: 'sources', at: '/sources', shows: 'Sources' },
  { name: 'source', at: '/sources/contoso', shows: 'contoso' },
  { name: 'destinations', at: '/destinations', shows: 'Destinations' },
  { name: 'destination', at: '/destinations/archive', shows: 'archive' },
  { name: 'authenticate', at: '/sources/new/office-365-management-api/authenticate', shows: 'Authenticate' },
  { name: 'flows', at: '/flows', shows: 'Flows' },
  { name: 'flow', at: '/flows/contoso-archive', shows: 'contoso-archive' },
  { name: 'flow-settings', at: '/flows/contoso-archive?tab=settings', shows: 'contoso-archive' },
  { name: 'runs', at: '/runs', shows: 'Runs' },
  { name: 'settings', at: '/settings', shows: 'Settings' },
];

journey('pages without data look as they did', async (stage) => {
  const server = await stage.own(Headrace.start());
  const tab = await visit(stage, { server });
  await lookAsTheyDid(tab, empty);
}, 180_000);

journey('pages of things that rest look as they did', async (stage) => {
  const server = await resting(stage);
  const tab = await visit(stage, { server });
  await lookAsTheyDid(tab, rest);
}, 240_000);

async function lookAsTheyDid(tab: Tab, pages: Still[]): Promise<void> {
  const found: string[] = [];
  for (const page of pages) {
    for (const { theme, width } of views) {
      await tab.page.emulateMedia({ colorScheme: theme });
      await tab.page.setViewportSize({ width, height: 800 });
      await tab.go(page.at);
      await tab.heading(page.shows);
      await tab.settled();
      await tab.page.mouse.move(0, 0);
      await likeBaseline(tab, `${page.name}-${theme}-${width}`).catch((e: unknown) => found.push(String(e)));
    }
  }
  expect(found).toEqual([]);
}
