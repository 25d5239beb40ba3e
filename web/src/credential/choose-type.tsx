import { Stack, Text, UnstyledButton } from '@mantine/core';
import { Loaded } from '@/parts/loaded';
import { useCredentialTypes } from './api';
import { Dialog } from '@/parts/dialog';

/** ChooseType asks what a new credential is for. */
export function ChooseType({ opened, onClose, onChoose }: { opened: boolean; onClose: () => void; onChoose: (type: string) => void }) {
  const types = useCredentialTypes();
  return (
    <Dialog opened={opened} onClose={onClose} title="What is the credential for?">
      <Loaded query={types} what="the types of credentials" rows={2}>
        {(all) => (
          <Stack gap="sm">
            {all.map((t) => (
              <UnstyledButton key={t.type} className="tile" style={{ minHeight: 0 }} onClick={() => onChoose(t.type)}>
                <Text fw={600}>{t.title}</Text>
                <Text size="xs">{t.summary}</Text>
              </UnstyledButton>
            ))}
          </Stack>
        )}
      </Loaded>
    </Dialog>
  );
}
