import { ActionIcon, Anchor, Button, createTheme, Menu, Tooltip, type CSSVariablesResolver } from '@mantine/core';
import { tokens, type Theme } from './tokens';

export const theme = createTheme({
  primaryColor: 'indigo',
  primaryShade: { light: 7, dark: 7 },
  autoContrast: true,
  fontFamily: 'Inter, system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "Cascadia Code", "DejaVu Sans Mono", monospace',
  headings: { fontWeight: '700', sizes: { h1: { fontSize: '1.625rem' }, h2: { fontSize: '1.125rem' }, h3: { fontSize: '1rem' } } },
  defaultRadius: 'md',
  focusRing: 'auto',
  respectReducedMotion: true,
  cursorType: 'pointer',
  components: {
    ActionIcon: ActionIcon.extend({ defaultProps: { variant: 'subtle', color: 'gray', size: 32 } }),
    Anchor: Anchor.extend({ defaultProps: { underline: 'always' } }),
    Button: Button.extend({ defaultProps: { size: 'sm' } }),
    Menu: Menu.extend({ defaultProps: { withInitialFocusPlaceholder: false } }), // it would stand among the entries, and is none
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 300, events: { hover: true, focus: true, touch: true } } }),
  },
});

/** cssVariables puts our tokens over Mantine's variables, and beside them as --hr-*. */
export const cssVariables: CSSVariablesResolver = () => ({ variables: {}, light: variables('light'), dark: variables('dark') });

function variables(name: Theme): Record<string, string> {
  const t = tokens[name];
  const own = Object.fromEntries(Object.entries(t).map(([token, color]) => [`--hr-${token}`, color]));
  return {
    ...own,
    '--mantine-color-text': t.text,
    '--mantine-color-dimmed': t.dimmed,
    '--mantine-color-placeholder': t.placeholder,
    '--mantine-color-error': t.error,
    '--mantine-color-anchor': t.link,
    '--mantine-primary-color-light-color': name === 'light' ? '#364fc7' : '#dbe4ff',
  };
}
