/** The steps of the wizard, each with its own address. A connector without a credential has no Authenticate. */
export const steps = ['type', 'authenticate', 'configure', 'preview', 'review'] as const;

export type Step = (typeof steps)[number];

export const titles: Record<Step, string> = { type: 'Type', authenticate: 'Authenticate', configure: 'Configure', preview: 'Preview', review: 'Review' };

/** stepsFor gives the steps that a connector has. */
export const stepsFor = (credential: boolean): Step[] => steps.filter((s) => credential || s !== 'authenticate');

/** beside gives the step before and the one after. */
export function beside(all: Step[], step: Step): { back?: Step; next?: Step } {
  const at = all.indexOf(step);
  return { back: all[at - 1], next: all[at + 1] };
}
