/** keptBy says who keeps a thing as it is: people, by hand and by the API, or a file set that is applied. */
export const keptBy = (owner: string): string => (owner === 'ui' ? 'people' : `the file set ${owner}`);
