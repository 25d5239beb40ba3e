import { useQuery } from '@tanstack/react-query';
import { ask, type Schemas } from '@/api/ask';

/** A Cloud is one of Microsoft's separate clouds, with its hosts. */
export type Cloud = Schemas['CredentialCloudView'];

/** The cloud whose hosts stand in the credential itself. */
export const custom = 'custom';

/** useClouds lists the clouds that a tenant can live in, the usual one first. */
export const useClouds = () => useQuery({ queryKey: ['clouds'], queryFn: async ({ signal }) => (await ask('GET', '/clouds', { signal })).items, staleTime: Infinity });

/** useCloudTitle gives what people call a cloud. */
export function useCloudTitle(): (name: string) => string {
  const { data } = useClouds();
  return (name) => data?.find((c) => c.name === name)?.title ?? name;
}

/** hostsOf says which hosts a credential of a type will talk to. */
export function hostsOf(c: Cloud | undefined, type: string): string {
  if (!c) return '';
  const hosts = [c.login, type === 'microsoft-365-copilot' ? c.graph : c.management || 'this API is not known to exist there'];
  return hosts.filter(Boolean).map((h) => h.replace('https://', '')).join(', ');
}

/** cloudsMeant gives the clouds that a text names; if it names none, all that the tenant may be in but the one that was tried. */
export function cloudsMeant<C extends Pick<Cloud, 'name'>>(text: string, clouds: C[], tried: string): C[] {
  const others = clouds.filter((c) => c.name !== tried && c.name !== custom);
  const words = text.toLowerCase().split(/[^a-z-]+/);
  const named = others.filter((c) => words.includes(c.name));
  return named.length > 0 ? named : others;
}
