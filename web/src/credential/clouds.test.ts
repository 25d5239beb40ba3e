import { describe, expect, it } from 'vitest';
import { cloudsMeant } from './clouds';

const clouds = ['worldwide', 'gcc', 'gcc-high', 'dod', 'china', 'custom'].map((name) => ({ name }));
const meant = (text: string, tried = 'worldwide') => cloudsMeant(text, clouds, tried).map((c) => c.name);

describe('the clouds that are meant', () => {
  it('are those that Entra named', () => expect(meant("It signs in at login.microsoftonline.us. Set the credential's cloud to gcc-high or dod.")).toEqual(['gcc-high', 'dod']));
  it('are all others where it named none', () => expect(meant('The tenant is in another cloud.', 'gcc')).toEqual(['worldwide', 'gcc-high', 'dod', 'china']));
  it('are never the one that was tried', () => expect(meant('Set cloud to gcc.', 'gcc')).not.toContain('gcc'));
});
