import { Stack, Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import { lent } from '@/api/http';
import type { Session } from '@/api/session';
import { Dialog } from '@/parts/dialog';
import { SignInForm } from './sign-in-form';

/** SignInAgain asks for the password over the page when the session ended, and lets the calls that failed go on. */
export function SignInAgain({ session, name }: { session: Session; name: string }) {
  const [waiting, wait] = useState<((again: boolean) => void)[]>([]);
  const [later, setLater] = useState(false);
  useEffect(() => {
    lent.onSignedOut = () => new Promise((done) => wait((all) => [...all, done]));
    return () => {
      lent.onSignedOut = async () => false;
    };
  }, []);
  const end = (again: boolean) => {
    waiting.forEach((done) => done(again));
    wait([]);
    setLater(!again);
  };
  const opened = waiting.length > 0 || (!session.user && !later);
  return (
    <Dialog opened={opened} onClose={() => end(false)} title="You were signed out" closeOutside={false} above>
      <Stack>
        <Text size="sm">Your session ended. Sign in again to go on; nothing that you typed is lost.</Text>
        <SignInForm session={session} name={name} onDone={() => end(true)} />
      </Stack>
    </Dialog>
  );
}
