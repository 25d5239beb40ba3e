// Picks the colours before anything is painted. It is a file of its own, not inline, because of the content security
// policy, and no module, because a module would come too late.
(function () {
  var kept = null;
  try {
    kept = localStorage.getItem('headrace-colors');
  } catch {
    // A browser that keeps nothing follows the system.
  }
  var dark = kept === 'dark' || (kept !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light');
})();
