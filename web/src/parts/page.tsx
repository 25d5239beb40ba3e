import { Anchor, Box, Breadcrumbs, Group, Stack, Text, Title } from '@mantine/core';
import { Link, type LinkProps } from '@tanstack/react-router';
import { useEffect, type ReactNode } from 'react';

/** One step of the way to a page. The last one is the page itself and has no address. */
export interface Crumb {
  label: string;
  to?: LinkProps['to'];
  params?: Record<string, string>;
}

interface Props {
  title: string;
  /** Beside the title: a state, a badge. */
  aside?: ReactNode;
  crumbs?: Crumb[];
  /** One line under the title. */
  text?: ReactNode;
  /** Buttons, right. */
  actions?: ReactNode;
  width?: number;
  children: ReactNode;
}

/** Page is the frame of every page: its way, its title (also the browser's), its actions. */
export function Page({ title, aside, crumbs = [], text, actions, width = 1320, children }: Props) {
  useEffect(() => {
    document.title = `${title} · headrace`;
  }, [title]);
  return (
    <Stack gap="lg" maw={width}>
      <Stack gap="xs">
        {crumbs.length > 0 && <Way crumbs={crumbs} />}
        <Group justify="space-between" align="flex-start" gap="md">
          <Group gap="md" miw={0}>
            <Title order={1} style={{ overflowWrap: 'anywhere' }}>{title}</Title>
            {aside}
          </Group>
          {actions && <Group gap="xs" className="no-print">{actions}</Group>}
        </Group>
        {text && <Text size="sm" component="div" maw={800}>{text}</Text>}
      </Stack>
      {children}
    </Stack>
  );
}

function Way({ crumbs }: { crumbs: Crumb[] }) {
  return (
    <Box component="nav" aria-label="Breadcrumb">
      <Breadcrumbs separatorMargin={8} styles={{ root: { flexWrap: 'wrap' } }}>
        {crumbs.map((c) =>
          c.to ? (
            <Anchor key={c.label} size="sm" underline="hover" lh="24px" display="inline-block" component={Link} {...({ to: c.to, params: c.params } as object)}>{c.label}</Anchor>
          ) : (
            <Text key={c.label} size="sm" aria-current="page">{c.label}</Text>
          ),
        )}
      </Breadcrumbs>
    </Box>
  );
}
