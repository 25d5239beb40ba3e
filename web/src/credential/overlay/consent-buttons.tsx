import { Button, CopyButton, Group, Stack, Text } from '@mantine/core';
import { IconCopy, IconExternalLink } from '@tabler/icons-react';
import { cloudOf } from '../clouds';

/** The app that a credential signs in as. */
export interface App {
  name: string;
  clientId: string;
  tenantId: string;
  cloud: string;
  /** The sign-in host of cloud custom. */
  login: string;
}

/** consentURL is where an admin grants what the app asks for; its form is Microsoft's page "Grant tenant-wide admin consent". */
export function consentURL(a: App): string {
  const host = a.cloud === 'custom' && a.login ? a.login.replace(/\/$/, '') : `https://${cloudOf(a.cloud).login || 'login.microsoftonline.com'}`;
  return `${host}/${encodeURIComponent(a.tenantId || 'organizations')}/adminconsent?client_id=${encodeURIComponent(a.clientId)}`;
}

/** portalURL is the app's page of permissions in Entra, whose button grants consent too. */
export const portalURL = (a: App): string => `https://${cloudOf(a.cloud).entra}/#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/CallAnAPI/appId/${encodeURIComponent(a.clientId)}`;

interface Props {
  app: App;
  missing: string[];
  onOpen: () => void;
  onAgain: () => void;
  pending: boolean;
  polling: boolean;
}

/**
 * ConsentButtons are the ways to an admin's consent. Entra's own page comes first: the consent link of an app without a
 * redirect address may end on an error page though the consent was stored.
 */
export function ConsentButtons({ app, missing, onOpen, onAgain, pending, polling }: Props) {
  return (
    <Stack gap="xs">
      <Group gap="xs">
        <Button component="a" href={portalURL(app)} target="_blank" rel="noreferrer" size="xs" rightSection={<IconExternalLink size={14} aria-hidden />} onClick={onOpen}>Open in Entra</Button>
        <Button component="a" href={consentURL(app)} target="_blank" rel="noreferrer" size="xs" variant="default" rightSection={<IconExternalLink size={14} aria-hidden />} onClick={onOpen}>Grant admin consent</Button>
        <CopyButton value={message(app, missing)} timeout={3000}>
          {({ copied, copy }) => <Button size="xs" variant="default" leftSection={<IconCopy size={14} aria-hidden />} onClick={copy}>{copied ? 'Copied' : 'Copy link for an admin'}</Button>}
        </CopyButton>
        <Button size="xs" variant="default" loading={pending} onClick={onAgain}>Check again</Button>
      </Group>
      <Text size="xs" role="status">
        {polling ? 'Checking every 15 seconds for 5 minutes. Consent can take some minutes to reach the token.' : 'An error page AADSTS500113 after the consent link is harmless if the check turns green.'}
      </Text>
    </Stack>
  );
}

/** message is what an admin gets: for which app, what, why, and where to click. */
export function message(a: App, missing: string[]): string {
  return [
    `Please grant admin consent for the app ${a.name ? `“${a.name}” ` : ''}(client ID ${a.clientId}) in the tenant ${a.tenantId}.`,
    ...(missing.length > 0 ? [`Application permissions: ${missing.join(', ')}.`] : []),
    'headrace needs them to read or write on behalf of the organization; it signs in as the app, not as a person.',
    `In Entra: ${portalURL(a)}`,
    `Or directly: ${consentURL(a)}`,
  ].join('\n');
}
