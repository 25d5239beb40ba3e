import type { Locator } from 'playwright-core';

/** fillAll types a text into every field of a form that takes one. */
export async function fillAll(form: Locator, text: string): Promise<number> {
  const boxes = await form.locator('input:not([type]), input[type="text"], input[type="password"], input[type="email"], textarea').all();
  let filled = 0;
  for (const box of boxes) {
    const takes = await box.evaluate((e: HTMLInputElement) => !e.readOnly && !e.disabled && e.offsetParent !== null && e.getAttribute('role') !== 'combobox' && !e.hasAttribute('aria-haspopup'));
    if (!takes) continue;
    await box.fill(text);
    filled++;
  }
  return filled;
}

/** A Refusal is a field that is marked as wrong, and what is told of it; '' for a notice that is at no field. */
export interface Refusal {
  field: string;
  says: string;
}

/** refusals reads what a form says is wrong, as a screen reader finds it. */
export function refusals(form: Locator): Promise<Refusal[]> {
  return form.evaluate((root) => {
    const text = (e: Element | null | undefined) => (e?.textContent ?? '').trim();
    const fields = [...root.querySelectorAll('[aria-invalid="true"]')].map((e) => ({
      field: e.getAttribute('aria-label') ?? text((e as HTMLInputElement).labels?.[0] ?? e.querySelector('label')),
      says: (e.getAttribute('aria-describedby') ?? '').split(' ').filter((id) => id.endsWith('-error')).map((id) => text(document.getElementById(id))).join(' '),
    }));
    return [...fields, ...[...root.querySelectorAll('[role="alert"]')].map((e) => ({ field: '', says: text(e) }))];
  });
}
