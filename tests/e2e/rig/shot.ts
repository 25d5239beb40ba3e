import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PNG } from 'pngjs';
import { artefacts, baselines, images, update } from './place.ts';
import type { Tab } from './tab.ts';

/** Blocks of so many pixels are compared by their mean colour: letters may be drawn a little differently, things may not move. */
const block = 16;
/** How far a block's mean may be off, of 255. */
const tolerance = 24;
/** How many of a picture's blocks may be off by more. */
const share = 0.01;

// What differs each time is not drawn. The fonts are those that scripts/e2e installs.
const still = `
  time, [data-volatile], .mantine-Loader-root { visibility: hidden !important; }
  * { font-family: "DejaVu Sans" !important; caret-color: transparent !important; scrollbar-width: none !important; }
  code, pre, code *, pre *, .mono, .mono *, .mono-input input { font-family: "DejaVu Sans Mono" !important; }
`;

/** shot takes a picture of what is seen, as an artefact. */
export async function shot(tab: Tab, name: string): Promise<Buffer> {
  const path = join(artefacts, `${name}.png`);
  mkdirSync(dirname(path), { recursive: true });
  return tab.page.screenshot({ path, animations: 'disabled', caret: 'hide', style: still });
}

/** likeBaseline takes a picture and holds it against the one that is kept; docs: that one stands in the documentation. */
export async function likeBaseline(tab: Tab, name: string, where: 'baseline' | 'docs' = 'baseline'): Promise<void> {
  const now = await shot(tab, name);
  const kept = join(where === 'docs' ? images : baselines, `${name}.png`);
  const trouble = existsSync(kept) ? difference(PNG.sync.read(readFileSync(kept)), PNG.sync.read(now)) : 'there is none yet';
  if (!trouble) return;
  if (!update) throw new Error(`the picture ${name} is not like the one that is kept: ${trouble}. Look at tests/e2e/artefacts/${name}.png; if it is right: make e2e ARGS=--update`);
  mkdirSync(dirname(kept), { recursive: true });
  writeFileSync(kept, now);
}

/** difference says how two pictures differ; '' if they are alike. */
export function difference(a: PNG, b: PNG): string {
  if (a.width !== b.width || a.height !== b.height) return `it is ${b.width}×${b.height}, not ${a.width}×${a.height}`;
  let off = 0;
  let all = 0;
  let first = '';
  for (let y = 0; y < a.height; y += block) {
    for (let x = 0; x < a.width; x += block) {
      all++;
      const [m, n] = [mean(a, x, y), mean(b, x, y)];
      if (m.every((v, i) => Math.abs(v - n[i]!) <= tolerance)) continue;
      off++;
      first ||= `first at ${x},${y}`;
    }
  }
  return off > all * share ? `${off} of ${all} parts are off, ${first}` : '';
}

function mean(p: PNG, x0: number, y0: number): [number, number, number] {
  const sum: [number, number, number] = [0, 0, 0];
  let n = 0;
  for (let y = y0; y < Math.min(y0 + block, p.height); y++) {
    for (let x = x0; x < Math.min(x0 + block, p.width); x++) {
      const at = (y * p.width + x) * 4;
      for (const c of [0, 1, 2] as const) sum[c] += p.data[at + c]!;
      n++;
    }
  }
  return [sum[0] / n, sum[1] / n, sum[2] / n];
}
