/**
 * The signal of `signal`, by name or number. On one host the number means what the host's system
 * says, so unlike `fleetctl signal` for a fleet, every number goes that has a name here.
 */
import { constants } from 'node:os';

/** Without `SIG`, as the wire has it; null where there is no such signal. */
export function parseLocalSignal(text: string): string | null {
  const known = Object.entries(constants.signals);
  if (/^\d+$/.test(text)) {
    const [name] = known.find(([, number]) => number === Number(text)) ?? [];
    return name?.slice('SIG'.length) ?? null;
  }
  const name = text.toUpperCase().replace(/^SIG/, '');
  return known.some(([candidate]) => candidate === `SIG${name}`) ? name : null;
}
