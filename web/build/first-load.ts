import { gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

/** The most bytes, compressed, that the first page may load before anything is seen. */
export const firstLoadLimit = 300 * 1024;

/**
 * firstLoad adds up what index.html loads at once (the entry, what it imports, its styles) and fails the build when
 * that is over the limit. Chunks of pages, which come later, are not counted.
 */
export function firstLoad(limit = firstLoadLimit): Plugin {
  return {
    name: 'headrace-first-load',
    apply: 'build',
    generateBundle(_, bundle) {
      const sizes = new Map<string, number>();
      const take = (name: string) => {
        const part = bundle[name];
        if (!part || sizes.has(name)) return;
        sizes.set(name, gzipSync(part.type === 'chunk' ? part.code : part.source).length);
        if (part.type !== 'chunk') return;
        part.imports.forEach(take);
        part.viteMetadata?.importedCss.forEach(take);
      };
      for (const part of Object.values(bundle)) if (part.type === 'chunk' && part.isEntry) take(part.fileName);
      const total = [...sizes.values()].reduce((a, b) => a + b, 0);
      const told = `first load: ${kb(total)} of at most ${kb(limit)}, gzip`;
      if (total > limit) this.error(`${told}. The parts: ${[...sizes].map(([n, s]) => `${n} ${kb(s)}`).join(', ')}`);
      this.info(told);
    },
  };
}

const kb = (bytes: number) => `${Math.round(bytes / 1024)} KB`;
