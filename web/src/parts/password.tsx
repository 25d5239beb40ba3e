import { PasswordInput, type PasswordInputProps } from '@mantine/core';

/** Password is a field for what must not be read over a shoulder. Mantine's own does not say to a screen reader that it is wrong. */
export function Password({ shows = 'the password', ...input }: PasswordInputProps & { shows?: string }) {
  return <PasswordInput visibilityToggleButtonProps={{ 'aria-label': `Show ${shows}`, tabIndex: 0 }} aria-invalid={input.error ? true : undefined} {...input} />;
}
