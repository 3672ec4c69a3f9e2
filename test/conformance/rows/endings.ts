/** Every way for a program to end: exit codes that look like signals, and signals by name. */
import type { Row } from '../row.ts';
import { until } from '../steps.ts';

const CODES = ['1', '126', '127', '128', '129', '137', '143', '192', '254'];

const SIGNALS = [
  ...['HUP', 'INT', 'QUIT', 'ILL', 'TRAP', 'ABRT', 'BUS', 'FPE', 'KILL', 'USR1', 'SEGV', 'USR2'],
  ...['ALRM', 'TERM', 'XCPU', 'VTALRM', 'PROF', 'PWR', 'SYS', '40'],
];

/** By Python, and so by its children, unless they say otherwise. */
const IGNORED = ['PIPE', 'XFSZ'];

const NOT_IGNORED = 'a program at the end of a closed pipe should end';

const ends = (name: string, command: string): string =>
  `[program:${name}]\ncommand = sh -c "${command}"\nstartsecs = 0\nautorestart = false\n`;

const dies = (signal: string): string => ends(signal, `kill -${signal} $$; exit 5`);

const endingsOf = (names: readonly string[], ending: (name: string) => string) =>
  Object.fromEntries(names.map((name) => [`endings of ${name}`, ending(name)]));

const row = (name: string, names: readonly string[], more: Pick<Row, 'conf' | 'shows'>): Row => ({
  name,
  ref: null,
  steps: [...names.map((process) => until(process, 'EXITED'))],
  ignore: /^gaps/,
  ...more,
});

export const ENDINGS: readonly Row[] = [
  row('exit codes that might be signals', CODES, {
    conf: CODES.map((code) => ends(code, `exit ${code}`)).join(''),
    shows: endingsOf(CODES, (code) => code),
  }),
  row('a program that dies of each signal', SIGNALS, {
    conf: SIGNALS.map(dies).join(''),
    shows: endingsOf(SIGNALS, (signal) => `SIG${signal}`),
  }),
  {
    ...row('a program that would die of a signal that Python ignores', IGNORED, {
      conf: IGNORED.map(dies).join(''),
      shows: endingsOf(IGNORED, () => '5'),
    }),
    onPurpose: IGNORED.map((signal) => ({
      fact: `endings of ${signal}`,
      ours: `SIG${signal}`,
      see: NOT_IGNORED,
    })),
  },
];
