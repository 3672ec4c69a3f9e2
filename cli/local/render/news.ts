/**
 * The lines for what happened to one process, and what each means for the exit code, as supervisorctl
 * has them: `web: started`, `web: ERROR (spawn error)`.
 */
import type { OrderNews } from '../../../proto/local-orders.ts';
import type { TargetFault } from '../../../proto/vocabulary.ts';
import { escapeUnsafe } from '../../render/text.ts';
import { EXIT } from '../exit-status.ts';
import { errorLine, groupOf, unknownNameLine } from '../names.ts';

export type ProcessNews = Extract<OrderNews, { readonly kind: 'process' }>;

const DONE = {
  start: 'started',
  stop: 'stopped',
  signal: 'signalled',
  hold: 'held',
  release: 'released',
} as const;

/** Of a fault that says it all. `failed` is told in its own words, `bad-name` with what was typed. */
const REASONS = {
  'already-started': 'already started',
  'not-running': 'not running',
  'no-file': 'no such file',
  'not-executable': 'file is not executable',
  'spawn-error': 'spawn error',
  'abnormal-termination': 'abnormal termination',
} as const satisfies Record<Exclude<TargetFault, 'failed' | 'bad-name'>, string>;

export function processLine({ process, step, fault, error }: ProcessNews): string {
  switch (fault) {
    case null:
      return `${escapeUnsafe(process)}: ${DONE[step]}\n`;
    case 'bad-name':
      return unknownNameLine(process);
    case 'failed':
      return errorLine(process, error ?? 'failed');
    default:
      return errorLine(process, REASONS[fault]);
  }
}

/** What the process itself is to blame for (supervisorctl, DEAD_PROGRAM_FAULTS). */
const DEAD: ReadonlySet<TargetFault> = new Set([
  'spawn-error',
  'abnormal-termination',
  'not-running',
]);

/** Null where it changes nothing: it went well, or what was wanted was so already. */
export function processExit({ process, step, fault }: ProcessNews): number | null {
  if (fault === null) return null;
  if (fault === 'already-started' && step === 'start') return null;
  if (fault === 'not-running' && step === 'stop') return null;
  if (fault === 'bad-name' && step === 'start' && groupOf(process) !== null) {
    return EXIT.invalidArguments;
  }
  return DEAD.has(fault) ? EXIT.notRunning : EXIT.generic;
}
