/**
 * Reads the signal of `fleetctl signal` and of runbooks before anything is sent: a typing error must
 * not reach half a fleet. Names are POSIX's, with or without `SIG`, in any case; numbers only where
 * POSIX fixes them (XCU kill), since the same number is another signal elsewhere.
 */
import { nearest } from './dialect/did-you-mean.ts';
import { type Refusal, refusal } from './errors.ts';

const NAMES: ReadonlySet<string> = new Set(
  (
    'ABRT ALRM BUS CHLD CONT FPE HUP ILL INT KILL PIPE POLL PROF QUIT SEGV STOP SYS TERM TRAP ' +
    'TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ'
  ).split(' '),
);

const NUMBERS: Readonly<Record<string, string>> = {
  1: 'HUP',
  2: 'INT',
  3: 'QUIT',
  6: 'ABRT',
  9: 'KILL',
  14: 'ALRM',
  15: 'TERM',
};

/** The name without `SIG`, as the wire and Supervisor's `stopsignal` have it. */
export function parseSignalName(text: string): string | Refusal {
  const known = Object.hasOwn(NUMBERS, text) ? NUMBERS[text] : undefined;
  const name = known ?? text.toUpperCase().replace(/^SIG/, '');
  if (NAMES.has(name)) return name;
  const near = nearest(name, NAMES);
  return refusal('usage', `${JSON.stringify(text)} is not a signal`, {
    cause: `signals are ${[...NAMES].join(', ')}; of numbers only ${Object.keys(NUMBERS).join(', ')} are the same everywhere`,
    fix: near === null ? "fleetctl signal HUP 'web:*' --hosts prod-1" : `did you mean ${near}?`,
  });
}
