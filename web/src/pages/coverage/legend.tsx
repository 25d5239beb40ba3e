import { states, type State } from './cells';

/** Legend says what the signs mean. */
export function Legend() {
  return (
    <ul className="legend" aria-label="What the signs mean">
      {(Object.keys(states) as State[]).map((s) => <li key={s}><b data-state={s} aria-hidden>{states[s].sign}</b><b>{states[s].word}</b>: {states[s].text}</li>)}
    </ul>
  );
}
