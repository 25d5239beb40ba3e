import { Page } from '@/parts/page';
import { usePages } from '@/api/pages';
import { Loaded } from '@/parts/loaded';

/** Credentials lists what signs in. */
export function Credentials() {
  const query = usePages<{ name: string }>(['credentials'], '/credentials');
  return <Page title="Credentials"><Loaded query={query} what="credentials">{(all) => <>{all.length}</>}</Loaded></Page>;
}
