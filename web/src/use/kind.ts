/** Sources and destinations are both uses of a connector, and are made, shown and changed in one way. */
export type Kind = 'source' | 'destination';

/** What the pages of a kind say. */
export const words = {
  source: {
    plural: 'sources',
    title: 'Sources',
    none: 'No sources yet',
    what: 'A source reads from Microsoft 365 or another system. Flows lead what it reads to destinations.',
    type: 'What do you want to read from?',
    authenticate: 'Choose the credential this source signs in with, or add one.',
  },
  destination: {
    plural: 'destinations',
    title: 'Destinations',
    none: 'No destinations yet',
    what: 'A destination is written to: files, or Microsoft 365 Copilot. Flows lead to it what sources read.',
    type: 'What do you want to write to?',
    authenticate: 'Choose the credential this destination signs in with, or add one.',
  },
} as const;
