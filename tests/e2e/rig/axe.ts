import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Tab } from './tab.ts';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** settled waits until colours are what they will be: a theme that has just changed fades from one to the other. */
const settled = `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))).then(() => Promise.all(
  document.getAnimations().filter((a) => a.effect?.getComputedTiming().iterations !== Infinity).map((a) => a.finished.catch(() => undefined))))`;

/**
 * violations gives what axe finds wrong with a page, one line for each place. axe comes in by the debugger, not by a
 * script element, so the page keeps its content security policy.
 */
export async function violations(tab: Tab): Promise<string[]> {
  await tab.page.evaluate(settled);
  if (!(await tab.page.evaluate('typeof axe === "object"'))) await tab.page.evaluate(source);
  const found = (await tab.page.evaluate(
    `axe.run(document, { runOnly: ${JSON.stringify(rules)}, resultTypes: ['violations'] })`,
  )) as AxeResults;
  return found.violations.flatMap((v) => v.nodes.map((n) => `${v.id} (${v.impact}): ${n.target.join(' ')}: ${n.failureSummary?.replace(/\s+/g, ' ')}`));
}
