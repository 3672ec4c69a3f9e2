/**
 * Files that are refused at start with exit code 2: a mistake in each key, and what makes no sense
 * together. Ours tells where and what in words of its own, which is on purpose.
 */
import type { Row } from '../row.ts';
import { daemonRefuses } from '../steps.ts';

/** @param said what ours must name, beside the file */
const refused = (
  name: string,
  conf: string,
  said: RegExp,
  more: Partial<Pick<Row, 'ref'>> = {},
): Row => ({
  name,
  ref: null,
  conf,
  steps: [daemonRefuses],
  shows: { 'daemon ends': 'exit 2' },
  onPurpose: [
    { fact: 'daemon said', ours: said, see: 'all are told, with file, line and what was expected' },
  ],
  ...more,
});

const BAD_VALUES: readonly (readonly [key: string, value: string])[] = [
  ['priority', 'high'],
  ['autostart', 'maybe'],
  ['autorestart', 'sometimes'],
  ['startsecs', 'ten'],
  ['startsecs', '1.5'],
  ['startretries', 'x'],
  ['stopsignal', 'FOO'],
  ['stopsignal', '99'],
  ['stopwaitsecs', '10s'],
  ['stopasgroup', 'si'],
  ['killasgroup', '2'],
  ['exitcodes', '0,256'],
  ['exitcodes', '-1'],
  ['exitcodes', '0;2'],
  ['redirect_stderr', 'both'],
  ['numprocs', 'two'],
  ['numprocs_start', 'x'],
  ['environment', 'A'],
  ['environment', 'A=1 B=2 C'],
  ['user', 'no-such-user-here'],
  ['user', ''],
  ['umask', '9'],
  ['umask', 'rwx'],
  ['stdout_logfile', '/nowhere/at/all/x.log'],
  ['stderr_logfile', '/nowhere/at/all/x.log'],
  ['stdout_logfile_maxbytes', '5XB'],
  ['stderr_logfile_maxbytes', 'large'],
  ['stdout_logfile_backups', 'many'],
  ['stdout_syslog', 'perhaps'],
  ['process_name', 'a/b'],
  ['process_name', 'a:b'],
];

const badValues: readonly Row[] = BAD_VALUES.map(([key, value]) =>
  refused(
    `refused: ${key} = ${value}`,
    `[program:x]\ncommand = sleep 1000\n${key} = ${value}`,
    new RegExp(`\\[program:x\\] ${key}`),
  ),
);

const BAD_GLOBALS: readonly (readonly [key: string, value: string])[] = [
  ['minfds', 'x'],
  ['minprocs', 'x'],
  ['umask', '8'],
  ['loglevel', 'loud'],
  ['logfile', '/nowhere/at/all/x.log'],
  ['logfile_maxbytes', 'x'],
  ['logfile_backups', 'x'],
  ['pidfile', '/nowhere/at/all/x.pid'],
  ['childlogdir', '/nowhere/at/all'],
  ['directory', '/nowhere/at/all'],
  ['nodaemon', 'x'],
  ['nocleanup', 'x'],
  ['strip_ansi', 'x'],
  ['environment', 'A'],
  ['user', 'no-such-user-here'],
];

const badGlobals: readonly Row[] = BAD_GLOBALS.map(([key, value]) =>
  refused(
    `refused: [supervisord] ${key} = ${value}`,
    `[supervisord]\n${key} = ${value}\n[program:x]\ncommand = sleep 1000`,
    new RegExp(`\\[supervisord\\] ${key}`),
  ),
);

export const REFUSING: readonly Row[] = [
  refused(
    'numprocs 2 without process_num in process_name',
    '[program:x]\ncommand = sleep 1000\nnumprocs = 2',
    /process_num/,
    { ref: 32 },
  ),
  refused(
    'a variable that is not there',
    '[program:x]\ncommand = sleep %(ENV_NOPE)s',
    /\[program:x\] command[\s\S]*ENV_NOPE/,
    { ref: 33 },
  ),
  refused(
    'a variable that is not there, in environment',
    '[program:x]\ncommand = sleep 1000\nenvironment = A="%(nope)s"',
    /\[program:x\] environment[\s\S]*nope/,
  ),
  refused(
    'a variable in a format that does not fit',
    '[program:x]\ncommand = sleep %(program_name)d',
    /\[program:x\] command/,
  ),
  refused('a program without command', '[program:x]\nautostart = false', /\[program:x\]/),
  refused(
    'stopasgroup without killasgroup',
    '[program:x]\ncommand = sleep 1000\nstopasgroup = true\nkillasgroup = false',
    /killasgroup/,
  ),
  refused('a name with a space', '[program:x y]\ncommand = sleep 1000', /x y/),
  refused('a name with a slash', '[program:x/y]\ncommand = sleep 1000', /x\/y/),
  refused('a name with a colon', '[program:x:y]\ncommand = sleep 1000', /x:y/),
  refused('a group of nobody that is known', '[group:g]\nprograms = nobody', /\[group:g\]/),
  refused(
    'a group with a priority that is none',
    '[group:g]\nprograms = x\npriority = first\n[program:x]\ncommand = sleep 1000',
    /\[group:g\] priority/,
  ),
  refused('include without files', '[include]', /\[include\]/),
  refused(
    'a line that is none',
    '[program:x]\ncommand = sleep 1000\nwhat is this',
    /conf:17: \[program:x\]/,
  ),
  ...badValues,
  ...badGlobals,
];
