import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { CredentialOverlay } from '@/credential/overlay/overlay';
import { CredentialPicker } from '@/credential/picker';
import { words } from '../kind';
import { Frame } from './frame';
import type { StepProps } from './wizard';

/** AuthenticateStep picks the credential, or makes one: the tile that was just made is there, picked and focused. */
export function AuthenticateStep({ kind, connector, draft }: StepProps) {
  const { add } = useSearch({ strict: false });
  const go = useNavigate();
  const [made, setMade] = useState<string>();
  const [asked, ask] = useState(false);
  const open = (on: boolean) => void go({ to: '.', search: on ? { add: connector.name } : {} } as never);
  const picked = draft.draft.credential;
  return (
    <Frame
      kind={kind}
      connector={connector}
      step="authenticate"
      text={words[kind].authenticate}
      onNext={() => {
        ask(true);
        return picked !== '';
      }}
    >
      <CredentialPicker type={connector.name} value={picked} onPick={(credential) => draft.change({ credential })} onAdd={() => open(true)} focus={made} error={asked && !picked ? 'Choose a credential, or add one.' : undefined} />
      <CredentialOverlay
        opened={!!add}
        type={connector.name}
        onClose={() => open(false)}
        onSaved={(c) => {
          draft.change({ credential: c.name });
          setMade(c.name);
          open(false);
        }}
      />
    </Frame>
  );
}
