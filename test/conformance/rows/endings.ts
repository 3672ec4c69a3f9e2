/** Every way for a program to end: exit codes that look like signals, and signals by name. */
import type { Row } from '../row.ts';
import { once } from './given.ts';

const CODES = ['1', '126', '127', '128', '129', '137', '143', '192', '254'];

/** Not INT and PIPE: those the document speaks of. */
const SIGNALS = [
  ...['HUP', 'QUIT', 'ILL', 'TRAP', 'ABRT', 'BUS', 'FPE', 'KILL', 'USR1', 'SEGV', 'USR2', 'ALRM'],
  ...['TERM', 'XCPU', 'XFSZ', 'VTALRM', 'PROF', 'PWR', 'SYS'],
];

/** Python ignores it, and so do its children, unless they say otherwise. */
const IGNORED_BY_PYTHON = ['XFSZ'];

const NOT_IGNORED = 'a program at the end of a closed pipe should end';

const dies = (name: string, number: string, expected: string): Row =>
  once(name, `command = sh -c "kill -${number} $$; exit 5"`, {
    shows: { 'endings of x': expected },
  });

export const ENDINGS: readonly Row[] = [
  ...CODES.map((code) =>
    once(`exit code ${code}`, `command = sh -c "exit ${code}"`, {
      shows: { 'endings of x': code },
    }),
  ),
  ...SIGNALS.filter((signal) => !IGNORED_BY_PYTHON.includes(signal)).map((signal) =>
    dies(`a program that dies of SIG${signal}`, signal, `SIG${signal}`),
  ),
  dies('a program that dies of a signal without a name', '40', 'SIG40'),
  ...['PIPE', ...IGNORED_BY_PYTHON].map(
    (signal): Row => ({
      ...dies(`a program that would die of SIG${signal}`, signal, '5'),
      onPurpose: [{ fact: 'endings of x', ours: `SIG${signal}`, see: NOT_IGNORED }],
    }),
  ),
  dies('a program that dies of SIGINT', 'INT', 'SIGINT'),
];
