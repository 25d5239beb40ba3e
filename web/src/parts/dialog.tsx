import { Drawer, Group, Modal, Text } from '@mantine/core';
import type { ReactNode } from 'react';

interface Props {
  opened: boolean;
  onClose: () => void;
  title: ReactNode;
  size?: string | number;
  /** Above another that is open. */
  above?: boolean;
  /** A click beside it closes it, unless something could be lost. */
  closeOutside?: boolean;
  children: ReactNode;
}

const over = 400;

/** Dialog asks or shows something in the middle of the page. Its head is no landmark, unlike Mantine's own. */
export function Dialog({ opened, onClose, title, size = 'md', above, closeOutside = true, children }: Props) {
  return (
    <Modal.Root opened={opened} onClose={onClose} size={size} centered zIndex={above ? over : undefined} closeOnClickOutside={closeOutside}>
      <Modal.Overlay backgroundOpacity={0.45} />
      <Modal.Content radius="lg">
        <Group justify="space-between" wrap="nowrap" px="lg" pt="md" pb="xs">
          <Modal.Title><Text span fw={700} size="lg">{title}</Text></Modal.Title>
          <Modal.CloseButton aria-label="Close" size="lg" />
        </Group>
        <Modal.Body px="lg" pb="lg">{children}</Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}

/** Sheet comes from the right, for what needs room: a form, a result. */
export function Sheet({ opened, onClose, title, size = 640, closeOutside = true, children }: Props) {
  return (
    <Drawer.Root opened={opened} onClose={onClose} position="right" size={size} closeOnClickOutside={closeOutside}>
      <Drawer.Overlay backgroundOpacity={0.45} />
      <Drawer.Content>
        <Group justify="space-between" wrap="nowrap" px="lg" py="sm" mb="md" style={{ borderBottom: '1px solid var(--hr-line)' }}>
          <Drawer.Title><Text span fw={700} size="lg">{title}</Text></Drawer.Title>
          <Drawer.CloseButton aria-label="Close" size="lg" />
        </Group>
        <Drawer.Body px="lg">{children}</Drawer.Body>
      </Drawer.Content>
    </Drawer.Root>
  );
}
