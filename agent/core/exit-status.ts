/**
 * How a program ended, and the words for it. The keeper's shell reports a death by signal as
 * 128 + number, which an exit with that code would equal; but the shell also remarks on a signal
 * ("Killed") in the same file, so the two can be told apart. Shells stay silent about INT and PIPE:
 * a bare 130 or 141 cannot be decided, and the commoner reading, the signal, wins.
 */

export type ExitStatus =
  | { readonly kind: 'code'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: string }
  /** It was still waiting at its gate: the program itself was never executed. */
  | { readonly kind: 'neverRan' }
  /** The keeper died as well, so nobody saw. Never guessed. */
  | { readonly kind: 'unknown' };

/** What the child writes into the exit file when its gate is closed instead of opened. */
export const NEVER_RAN_REMARK = 'never ran';

/** Linux and BSD agree on these numbers; the rest are shown as numbers. */
const SIGNAL_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'HUP'],
  [2, 'INT'],
  [3, 'QUIT'],
  [4, 'ILL'],
  [5, 'TRAP'],
  [6, 'ABRT'],
  [8, 'FPE'],
  [9, 'KILL'],
  [11, 'SEGV'],
  [13, 'PIPE'],
  [14, 'ALRM'],
  [15, 'TERM'],
]);

/** INT and PIPE: no shell remarks on them when it runs a script. */
const UNREMARKED_SIGNALS: ReadonlySet<number> = new Set([2, 13]);

/** The keeper's exit file: perhaps a remark, then `exit N`. Anything else is `unknown`. */
export function parseExitFile(text: string): ExitStatus {
  const lines = text.trimEnd().split('\n');
  const match = /^exit (\d{1,3})$/.exec(lines.at(-1) ?? '');
  if (match === null || !text.endsWith('\n')) return { kind: 'unknown' };
  if (lines[0] === NEVER_RAN_REMARK) return { kind: 'neverRan' };
  const status = Number(match[1]);
  const number = status - 128;
  const remarked = lines.length > 1;
  if (number > 0 && number < 65 && (remarked || UNREMARKED_SIGNALS.has(number))) {
    return { kind: 'signal', signal: SIGNAL_NAMES.get(number) ?? String(number) };
  }
  return { kind: 'code', code: status };
}

/** "exit status 3", "killed by SIGKILL". */
export function describeExit(exit: ExitStatus): string {
  switch (exit.kind) {
    case 'code':
      return `exit status ${exit.code}`;
    case 'signal':
      return `killed by SIG${exit.signal}`;
    case 'neverRan':
      return 'it never ran';
    case 'unknown':
      return 'exit status unknown';
  }
}

/** Supervisor's `exitcodes`: a death by signal is never among them. */
export function isExpected(exit: ExitStatus, exitCodes: readonly number[]): boolean {
  return exit.kind === 'code' && exitCodes.includes(exit.code);
}
