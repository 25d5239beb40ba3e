import { Anchor, Button, type AnchorProps, type ButtonProps } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

interface Way {
  /** An address of the router, with $names. */
  to: string;
  params?: Record<string, string>;
  search?: Record<string, unknown>;
  children: ReactNode;
  'aria-label'?: string;
}

/** LinkAnchor is a link within the app that looks like one. */
export function LinkAnchor({ to, params, search, ...rest }: Way & AnchorProps) {
  return <Anchor inherit component={Link} {...rest} {...({ to, params, search } as object)} />;
}

/** LinkButton goes somewhere and looks like a button: the one thing to do next. */
export function LinkButton({ to, params, search, ...rest }: Way & ButtonProps) {
  return <Button component={Link} {...rest} {...({ to, params, search } as object)} />;
}
