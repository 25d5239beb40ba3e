/** A Verb is something the palette does, by going where it is done. A page adds its line here. */
export interface Verb {
  label: string;
  text?: string;
  to: string;
  search?: Record<string, unknown>;
}

export const verbs: Verb[] = [
  { label: 'New source', text: 'Read from Microsoft 365 or another system', to: '/sources/new' },
  { label: 'New destination', text: 'Write to a file, or to Microsoft 365 Copilot', to: '/destinations/new' },
  { label: 'Add a credential', text: 'Client ID, client secret and tenant ID of an Entra app', to: '/credentials', search: { add: '' } },
];
