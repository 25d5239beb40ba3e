/** An Entry of an item's access list, as Graph has it. */
export interface Entry {
  accessType: string;
  type: string;
  value: string;
}

const kinds: Record<string, string> = { user: 'the user', group: 'the Entra group', externalGroup: 'the external group' };

/** aclSentences says an access list in words; what is denied comes first, since it wins. */
export function aclSentences(acl: Entry[]): string[] {
  if (acl.length === 0) return ['Nobody: the access list is empty.'];
  const told = (e: Entry) => {
    const who = e.type === 'everyone' ? 'everybody in the tenant, guests too' : e.type === 'everyoneExceptGuests' ? 'everybody in the tenant but guests' : `${kinds[e.type] ?? e.type} ${e.value}`;
    return e.accessType === 'deny' ? `Hidden from ${who}.` : `Visible to ${who}.`;
  };
  return [...acl.filter((e) => e.accessType === 'deny'), ...acl.filter((e) => e.accessType !== 'deny')].map(told);
}

/** grantsEveryone tells whether a mapping's program for access lists speaks of everybody, guests too. What it gives is known for each item alone. */
export const grantsEveryone = (program: string): boolean => /\beveryone\b/.test(program);
