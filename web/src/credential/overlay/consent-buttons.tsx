import { Button, CopyButton, Group, Stack, Text } from '@mantine/core';
import { IconCopy, IconExternalLink } from '@tabler/icons-react';
import { consentMessage, type App } from './consent';

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
  const out = { target: '_blank', rel: 'noreferrer', size: 'xs', rightSection: <IconExternalLink size={14} aria-hidden />, onClick: onOpen };
  return (
    <Stack gap="xs">
      <Group gap="xs">
        {app.portalURL && <Button component="a" href={app.portalURL} {...out}>Open in Entra</Button>}
        {app.consentURL && <Button component="a" href={app.consentURL} variant="default" {...out}>Grant admin consent</Button>}
        <CopyButton value={consentMessage(app, missing)} timeout={3000}>
          {({ copied, copy }) => <Button size="xs" variant="default" leftSection={<IconCopy size={14} aria-hidden />} onClick={() => { copy(); onOpen(); }}>{copied ? 'Copied' : 'Copy link for an admin'}</Button>}
        </CopyButton>
        <Button size="xs" variant="default" loading={pending} onClick={onAgain}>Check again</Button>
      </Group>
      <Text size="xs" role="status">
        {polling ? 'Checking every 15 seconds for 5 minutes. Consent can take some minutes to reach the token.' : 'An error page AADSTS500113 after the consent link is harmless if the check turns green.'}
      </Text>
    </Stack>
  );
}
