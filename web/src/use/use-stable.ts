import { useState } from 'react';

/** useStable gives the same object as long as a value says the same, so that what depends on it rests. */
export function useStable<T>(value: T): T {
  const [kept, keep] = useState({ value, text: JSON.stringify(value) });
  const text = JSON.stringify(value);
  if (text === kept.text) return kept.value;
  keep({ value, text });
  return value;
}
