import { useEffect } from 'react';

const scheme = 'data-mantine-color-scheme';

/** usePaper prints in the light colours, whatever is on the screen: paper is white, and browsers leave dark grounds out. */
export function usePaper(): void {
  useEffect(() => {
    const root = document.documentElement;
    let screen: string | null = null;
    const before = () => {
      screen = root.getAttribute(scheme);
      root.setAttribute(scheme, 'light');
    };
    const after = () => {
      if (screen) root.setAttribute(scheme, screen);
    };
    globalThis.addEventListener('beforeprint', before);
    globalThis.addEventListener('afterprint', after);
    return () => {
      globalThis.removeEventListener('beforeprint', before);
      globalThis.removeEventListener('afterprint', after);
    };
  }, []);
}
