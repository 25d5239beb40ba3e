import { describe, expect, it } from 'vitest';
import { emptyDraft } from '../checks';
import { forget, keep, kept } from './kept';

describe('a draft', () => {
  it('comes back without its secret', () => {
    keep('t', { ...emptyDraft, name: 'a', secret: 'planted-secret' });
    expect(kept('t')).toEqual({ ...emptyDraft, name: 'a' });
    expect(JSON.stringify(localStorage)).not.toContain('planted');
  });
  it('is forgotten', () => {
    keep('t', { ...emptyDraft, name: 'a' });
    forget('t');
    expect(kept('t')).toEqual(emptyDraft);
  });
  it.each(['{', '[]', 'null', '{"name":7,"else":"x","secret":"s"}'])('is new where %s was kept', (text) => {
    localStorage.setItem('headrace-draft-credential-t', text);
    expect(kept('t')).toEqual(emptyDraft);
  });
});
