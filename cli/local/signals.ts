/**
 * The signal of `signal`, by name or number. On one host the number means what the host's system
 * says, so unlike `fleetctl signal` for a fleet, everything goes that Supervisor takes there.
 */
import { constants } from 'node:os';
import { parseSignal } from '../../proto/dialect/signals.ts';

/** As the wire has it: without `SIG`, or a number; null where there is no such signal. */
export const parseLocalSignal = (text: string): string | null =>
  parseSignal(text, constants.signals);
