import { Center, Container, VisuallyHidden } from '@mantine/core';
import { Suspense, useState } from 'react';
import { useSession, type Session } from '@/api/session';
import { lazyPart } from '@/parts/lazy';
import { Loading } from '@/parts/loading';
import { ProblemNotice } from '@/parts/problem-notice';
import { Shell } from '@/shell/shell';
import { SignInAgain } from './again';

const SetUp = lazyPart(() => import('./set-up'));
const SignIn = lazyPart(() => import('./sign-in'));

/**
 * Gate decides what a visitor sees: the set-up of a new server, the way to sign in, or the pages. The address stays what
 * it is, so whoever signs in is where they wanted to go. When a session ends while somebody works, the page stays and
 * SignInAgain asks over it: nothing that was typed is lost.
 */
export function Gate() {
  const session = useSession();
  const [last, keep] = useState<Session['user']>();
  const user = session.data?.user;
  if (user && user.name !== last?.name) keep(user);
  if (session.data === undefined) {
    return (
      <Container component="main" size="sm" pt={96}>
        <VisuallyHidden component="h1">headrace</VisuallyHidden>
        {session.isError ? <ProblemNotice error={session.error} onRetry={() => void session.refetch()} retrying={session.isFetching} /> : <Loading what="headrace" />}
      </Container>
    );
  }
  if (session.data.setup) return <Suspense fallback={<Waiting />}><SetUp /></Suspense>;
  if (!user && !last) return <Suspense fallback={<Waiting />}><SignIn session={session.data} /></Suspense>;
  return (
    <>
      <Shell />
      <SignInAgain session={session.data} name={(user ?? last)!.name} />
    </>
  );
}

const Waiting = () => <Center mih="60vh"><Loading what="headrace" rows={1} /></Center>;
