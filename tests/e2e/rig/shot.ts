import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PNG } from 'pngjs';
import { artefacts, baselines, images, update } from './place.ts';
import type { Tab } from './tab.ts';

/** Blocks of so many pixels are compared by their mean colour: letters may be drawn a little differently, things may not move. */
const block = 16;
/** How far a block's mean may be off, of 255. */
const tolerance = 24;
/** How many of a picture's blocks may be off by more: fewer than the smallest button has. */
const share = 0.004;

/** The fonts are those that scripts/e2e installs: how wide a word is must not depend on the machine. */
export const plain = `
  * { font-family: "DejaVu Sans" !important; caret-color: transparent !important; scrollbar-width: none !important; }
  code, pre, code *, pre *, .mono, .mono *, .mono-input input { font-family: "DejaVu Sans Mono" !important; }
`;

// What differs each time is not drawn.
const still = `time, [data-volatile], .mantine-Loader-root { visibility: hidden !important; } ${plain}`;

/** shot takes a picture of what is seen, as an artefact. */
export async function shot(tab: Tab, name: string): Promise<Buffer> {
  const path = join(artefacts, `${name}.png`);
  mkdirSync(dirname(path), { recursive: true });
  return tab.page.screenshot({ path, animations: 'disabled', caret: 'hide', style: still });
}

/**
 * likeBaseline takes a picture and holds it against the one that is kept: in the documentation the picture itself; elsewhere
 * its blocks alone, a pixel each, which is all that is compared.
 */
export async function likeBaseline(tab: Tab, name: string, where: 'baseline' | 'docs' = 'baseline'): Promise<void> {
  const now = await shot(tab, name);
  const kept = join(where === 'docs' ? images : baselines, `${name}.png`);
  const is = means(PNG.sync.read(now));
  const trouble = existsSync(kept) ? difference(where === 'docs' ? means(picture(kept)) : picture(kept), is) : 'there is none yet';
  if (!trouble) return;
  if (!update) throw new Error(`the picture ${name} is not like the one that is kept: ${trouble}. Look at tests/e2e/artefacts/${name}.png; if it is right: make e2e ARGS=--update`);
  mkdirSync(dirname(kept), { recursive: true });
  writeFileSync(kept, where === 'docs' ? now : PNG.sync.write(is));
}

const picture = (path: string): PNG => PNG.sync.read(readFileSync(path));

/** difference says how the blocks of two pictures differ; '' if they are alike. */
export function difference(a: PNG, b: PNG): string {
  if (a.width !== b.width || a.height !== b.height) return `it has ${b.width}×${b.height} blocks, not ${a.width}×${a.height}`;
  let off = 0;
  let first = '';
  for (let at = 0; at < a.width * a.height; at++) {
    if ([0, 1, 2].every((c) => Math.abs(a.data[at * 4 + c]! - b.data[at * 4 + c]!) <= tolerance)) continue;
    off++;
    first ||= `first at ${(at % a.width) * block},${Math.floor(at / a.width) * block}`;
  }
  return off > a.width * a.height * share ? `${off} of ${a.width * a.height} parts are off, ${first}` : '';
}

/** means gives a picture's blocks, each a pixel of its mean colour. */
export function means(p: PNG): PNG {
  const out = new PNG({ width: Math.ceil(p.width / block), height: Math.ceil(p.height / block) });
  for (let y = 0; y < out.height; y++) for (let x = 0; x < out.width; x++) out.data.set([...mean(p, x * block, y * block), 255], (y * out.width + x) * 4);
  return out;
}

function mean(p: PNG, x0: number, y0: number): number[] {
  const sum = [0, 0, 0];
  let n = 0;
  for (let y = y0; y < Math.min(y0 + block, p.height); y++) {
    for (let x = x0; x < Math.min(x0 + block, p.width); x++) {
      const at = (y * p.width + x) * 4;
      for (let c = 0; c < 3; c++) sum[c]! += p.data[at + c]!;
      n++;
    }
  }
  return sum.map((v) => Math.round(v / n));
}
