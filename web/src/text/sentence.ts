/** sentence gives a text of the server, which begins small and has no full stop, the form of a sentence. */
export function sentence(text: string): string {
  // A host, a setting, a reference (env:NAME), an address or a command keeps its small letter.
  const word = /^(?!(?:env|file|vault):|[a-z0-9]+:\/\/)[a-z]+(?=[\s,;:!?'…]|$)/.exec(text)?.[0];
  const first = word && word !== 'headrace' ? text.charAt(0).toUpperCase() + text.slice(1) : text;
  return /[.!?…:]$|\n\s*\^$/.test(first) ? first : `${first}.`;
}
