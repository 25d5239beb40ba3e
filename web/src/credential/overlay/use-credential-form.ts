import { useForm, type UseFormReturnType } from '@mantine/form';
import { useEffect, type ClipboardEvent } from 'react';
import { afterPress } from '@/form/after-press';
import { fieldErrors } from '@/form/problems';
import { check, checkAll, type Around, type Draft, type Field } from '../checks';
import { draftOf, type Credential } from '../api';
import { cleanID } from '../guid';
import { readPaste } from '../paste';
import { keep, kept } from './kept';

export type CredentialForm = UseFormReturnType<Draft>;

/** What the API calls the fields of the form. */
const served: Record<string, Field> = {
  name: 'name', description: 'description', clientId: 'clientId', 'clientSecret.ref': 'reference', clientSecret: 'secret', secret: 'secret',
  expires: 'expires', tenantId: 'tenantId', cloud: 'cloud', 'endpoints.login': 'login', 'endpoints.graph': 'graph', 'endpoints.management': 'management', 'endpoints.ca': 'ca',
};

/** useCredentialForm is the form of a new credential, or of one that is there. A new one's draft is kept in this browser. */
export function useCredentialForm(type: string, existing: Credential | undefined, around: Around): CredentialForm {
  const validate = Object.fromEntries((['name', 'clientId', 'secret', 'reference', 'expires', 'tenantId', 'login', 'graph', 'management'] as Field[]).map((f) => [f, (_: unknown, d: Draft) => check(f, d, around)]));
  const form = useForm<Draft>({ initialValues: existing ? draftOf(existing) : kept(type), validate, clearInputErrorOnChange: true });
  const { values } = form;
  const dirty = form.isDirty();
  useEffect(() => {
    if (!existing && dirty) keep(type, values);
  }, [existing, type, values, dirty]);
  return { ...form, getInputProps: (path, o) => ({ ...form.getInputProps(path, o), onBlur: () => afterPress(() => left(form, path as Field)) }) };
}

/** left checks a field that somebody went on from. What is still empty is told when all is to be tested or saved. */
function left(form: CredentialForm, field: Field): void {
  const now = form.getValues();
  if (now[field]) form.validateField(field);
  if (field === 'tenantId' && now.clientId) form.validateField('clientId'); // whether they are the same is known when both are there
}

/** wrong checks everything, shows what is wrong at its field, and puts the focus there. It tells whether anything is. */
export function wrong(form: CredentialForm, around: Around): boolean {
  const errors = checkAll(form.getValues(), around);
  form.setErrors(errors);
  const first = Object.keys(errors)[0];
  if (first) document.querySelector<HTMLElement>(`[data-field="${first}"]`)?.focus();
  return first !== undefined;
}

/** What the server may call a field that stands in the form. */
export const placed = Object.keys(served);

/** place puts what the server refused at the fields. */
export function place(form: CredentialForm, error: unknown): void {
  const { at } = fieldErrors(error, placed);
  const found = Object.entries(at).map(([f, text]) => [served[f]!, text] as const);
  if (form.getValues().secretBy === 'reference') found.forEach((e, i) => e[0] === 'secret' && (found[i] = ['reference', e[1]]));
  form.setErrors(Object.fromEntries(found));
}

/** isPart tells whether a field takes a part of what is pasted; the others take a block alone, which may hold the secret. */
const isPart = (field: Field) => field !== 'name' && field !== 'description';

/** takePaste fills several fields of one pasted text, and cleans an ID that is pasted alone. It tells what was filled. */
export function takePaste(form: CredentialForm, field: Field, e: ClipboardEvent): string | null {
  const text = e.clipboardData.getData('text');
  const found = readPaste(text);
  const several = Object.keys(found ?? {}).length > 1;
  if (found && (several || (isPart(field) && !(field in found)))) {
    e.preventDefault();
    form.setValues({ ...found, ...(found.secret ? { secretBy: 'value' as const } : {}) });
    form.clearErrors();
    const words = { clientId: 'Client ID', tenantId: 'Tenant ID', secret: 'Client Secret', expires: 'the end date' };
    return `Filled from what you pasted: ${Object.keys(found).map((k) => words[k as keyof typeof words]).join(', ')}.`;
  }
  if (field === 'clientId' || field === 'tenantId') {
    e.preventDefault();
    form.setFieldValue(field, found?.[field] ?? cleanID(text));
  }
  return null;
}
