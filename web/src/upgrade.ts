/** How often a page loads itself anew for a missing chunk: once in this many milliseconds, so that it never goes round. */
const atMostEvery = 60_000;
const key = 'headrace-loaded-anew';

/**
 * loadAnewWhenReplaced loads the page again when a chunk of it is not there any more: the server was upgraded while the
 * page was open.
 */
export function loadAnewWhenReplaced(): void {
  window.addEventListener('vite:preloadError', (event) => {
    const last = Number(sessionStorage.getItem(key) ?? 0);
    if (Date.now() - last < atMostEvery) return;
    sessionStorage.setItem(key, String(Date.now()));
    event.preventDefault();
    window.location.reload();
  });
}
