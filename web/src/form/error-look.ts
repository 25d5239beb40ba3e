import type { CSSProperties } from 'react';

/** errorLook is how an error under a field looks: one that points at a place (the line, and ^ below it) keeps its lines and columns. */
export const errorLook = (error: unknown): CSSProperties =>
  typeof error === 'string' && error.includes('\n') ? { whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', fontFamily: 'var(--mantine-font-family-monospace)' } : { overflowWrap: 'anywhere' };
