/**
 * The colours that carry meaning, for both themes. Mantine's defaults for dimmed text, placeholders, input borders and
 * some buttons fall short of WCAG AA; these replace them. tokens.test.ts computes every pair.
 */
export const surfaces = {
  light: { body: '#ffffff', raised: '#f8f9fa' },
  dark: { body: '#242424', raised: '#1f1f1f' },
} as const;

export const tokens = {
  light: {
    text: '#000000',
    dimmed: '#495057',
    placeholder: '#6b737b',
    error: '#c92a2a',
    link: '#4263eb',
    focus: '#4263eb',
    ok: '#2b8a3e',
    warn: '#b35c00',
    bad: '#c92a2a',
    info: '#1971c2',
    still: '#495057',
    border: '#868e96',
    line: '#dee2e6',
  },
  dark: {
    text: '#c9c9c9',
    dimmed: '#b8b8b8',
    placeholder: '#9aa0a6',
    error: '#ff8787',
    link: '#748ffc',
    focus: '#748ffc',
    ok: '#69db7c',
    warn: '#ffd43b',
    bad: '#ff8787',
    info: '#4dabf7',
    still: '#b8b8b8',
    border: '#828282',
    line: '#424242',
  },
} as const;

/** What a filled button and a picked thing are made of, in both themes. */
export const filled = { background: '#4263eb', text: '#ffffff' } as const;

/** Lines of charts, in the order in which they are taken; each is told from its neighbours without colour by its dash. */
export const series = {
  light: ['#4263eb', '#b35c00', '#2b8a3e', '#ae3ec9', '#0b7285', '#c92a2a'],
  dark: ['#91a7ff', '#ffd43b', '#69db7c', '#e599f7', '#66d9e8', '#ff8787'],
} as const;

export type Theme = keyof typeof tokens;
export type Token = keyof (typeof tokens)['light'];
