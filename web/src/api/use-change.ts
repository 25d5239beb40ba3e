import { useMutation, useQueryClient, type QueryKey } from '@tanstack/react-query';

/** useChange does something that changes what the server holds, and has what may have changed read again. */
export function useChange<In, Out>(change: (input: In) => Promise<Out>, options: { stale: QueryKey[]; onDone?: (out: Out, input: In) => void }) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: (out, input) => {
      for (const key of options.stale) void client.invalidateQueries({ queryKey: key });
      options.onDone?.(out, input);
    },
  });
}
