import { useMutation, useQueryClient } from '@tanstack/react-query';
import { testUse } from './api';
import type { Kind } from './kind';

/** useTestUse makes the checks of a source or destination that is saved. */
export function useTestUse(kind: Kind, name: string) {
  const client = useQueryClient();
  return useMutation({ mutationFn: () => testUse(kind, name), onSettled: () => void client.invalidateQueries({ queryKey: ['credentials'] }) });
}
