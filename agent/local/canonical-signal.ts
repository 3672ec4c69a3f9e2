/**
 * The one name under which a signal is judged, sent and reported. The socket takes what Supervisor
 * takes (`9`, `sigkill`, `IOT`), and roles name signals as POSIX does: one that denies KILL must not
 * be got round by calling it something else.
 */
import { constants } from 'node:os';
import { parseSignal } from '../../proto/dialect/signals.ts';
import { isRefusal, type Refusal, refusal } from '../../proto/errors.ts';
import type { LocalOrder } from '../../proto/local-orders.ts';
import { parseSignalName } from '../../proto/signal-name.ts';

/** Refused is what this host has no signal of. */
export function withCanonicalSignal(order: LocalOrder): LocalOrder | Refusal {
  if (order.kind !== 'control' || order.signal === null) return order;
  const signal = canonicalSignal(order.signal);
  return signal === null
    ? refusal('usage', `${JSON.stringify(order.signal)} is not a signal on this host`)
    : { ...order, signal };
}

/** A name without `SIG`, POSIX's where it has one; the number of a signal without any; null: none. */
function canonicalSignal(text: string): string | null {
  const found = parseSignal(text, constants.signals);
  const number = found === null ? undefined : SIGNALS.get(found);
  const names = [...SIGNALS].flatMap(([name, other]) => (other === number ? [name] : []));
  return names.find((name) => !isRefusal(parseSignalName(name))) ?? found;
}

const SIGNALS: ReadonlyMap<string, number> = new Map(
  Object.entries(constants.signals).map(([name, number]) => [name.slice('SIG'.length), number]),
);
