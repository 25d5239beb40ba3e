import { Stack, Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import { lent } from '@/api/http';
import type { Session } from '@/api/session';
import { SignInForm } from './sign-in-form';
import { Dialog } from '@/parts/dialog';

/** SignInAgain asks for the password over the page when the session ended, and lets the calls that failed go on. */
export function SignInAgain({ session }: { session: Session }) {
  const [waiting, wait] = useState<((again: boolean) => void)[]>([]);
  useEffect(() => {
    lent.onSignedOut = () => new Promise((done) => wait((all) => [...all, done]));
    return () => {
      lent.onSignedOut = async () => false;
    };
  }, []);
  const end = (again: boolean) => {
    waiting.forEach((done) => done(again));
    wait([]);
  };
  return (
    <Dialog opened={waiting.length > 0} onClose={() => end(false)} title="You were signed out" closeOutside={false}>
      <Stack>
        <Text size="sm">Your session ended. Sign in again to go on; nothing that you typed is lost.</Text>
        <SignInForm session={session} name={session.user?.name} onDone={() => end(true)} />
      </Stack>
    </Dialog>
  );
}
