import { Container, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useEffect, type ReactNode } from 'react';
import { Mark } from '@/shell/mark';
import { ThemeSwitch } from '@/shell/switches';

/** PlainPage is the frame of pages before anybody is signed in. */
export function PlainPage({ title, text, children }: { title: string; text: ReactNode; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · headrace`;
  }, [title]);
  return (
    <main className="raised" style={{ minHeight: '100vh' }}>
      <Container size={460} py={{ base: 24, sm: 72 }}>
        <Stack gap="lg">
          <Group justify="space-between"><Mark size={28} /><ThemeSwitch /></Group>
          <Paper p={{ base: 'md', sm: 'xl' }} radius="lg" withBorder>
            <Stack>
              <div>
                <Title order={1} size="h2" fz={22}>{title}</Title>
                <Text size="sm" mt={4}>{text}</Text>
              </div>
              {children}
            </Stack>
          </Paper>
        </Stack>
      </Container>
    </main>
  );
}
