// The first that fits: others name those below them, too.
const browsers: [RegExp, string][] = [[/Edg\/(\d+)/, 'Edge'], [/OPR\/(\d+)/, 'Opera'], [/Firefox\/(\d+)/, 'Firefox'], [/Chrom(?:e|ium)\/(\d+)/, 'Chrome'], [/Version\/(\d+).*Safari/, 'Safari']];
const systems: [RegExp, string][] = [[/iPhone|iPad/, 'iOS'], [/Android/, 'Android'], [/Windows/, 'Windows'], [/Mac OS X/, 'macOS'], [/CrOS/, 'ChromeOS'], [/Linux/, 'Linux']];

/** browserOf names what a User-Agent header tells of: "Firefox 151 on Windows"; what it does not know is given as it is. */
export function browserOf(agent: string): string {
  const browser = browsers.find(([is]) => is.test(agent));
  if (!browser) return agent;
  const version = browser[0].exec(agent)?.[1];
  const system = systems.find(([is]) => is.test(agent))?.[1];
  return [browser[1], version, system && `on ${system}`].filter(Boolean).join(' ');
}
