import type { Session } from '@/api/session';
import { PlainPage } from './plain-page';
import { SignInForm } from './sign-in-form';

/** SignIn is the page for who is not signed in. */
export default function SignIn({ session }: { session: Session }) {
  return (
    <PlainPage title="Sign in" text="No account? Ask an administrator of this server for one.">
      <SignInForm session={session} />
    </PlainPage>
  );
}
