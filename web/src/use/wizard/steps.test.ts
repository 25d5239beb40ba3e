import { describe, expect, it } from 'vitest';
import { beside, stepsFor } from './steps';

describe('the steps', () => {
  it('leave Authenticate out where nothing signs in', () => expect(stepsFor(false)).toEqual(['type', 'configure', 'preview', 'review']));
  it('know what is beside them', () => {
    expect(beside(stepsFor(true), 'authenticate')).toEqual({ back: 'type', next: 'configure' });
    expect(beside(stepsFor(false), 'configure')).toEqual({ back: 'type', next: 'preview' });
    expect(beside(stepsFor(true), 'review').next).toBeUndefined();
  });
});
