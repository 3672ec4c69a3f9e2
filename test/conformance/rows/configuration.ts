/** What a configuration file may say, and in which ways: the dialect, as a daemon runs it. */
import type { Row } from '../row.ts';
import { ctl, file, pause, shellFact, until } from '../steps.ts';

/** The processes that come of a file, as `avail` lists them. */
const availRow = (
  name: string,
  conf: string,
  expected: RegExp | string,
  files: Readonly<Record<string, string>> = {},
): Row => ({
  name,
  ref: null,
  conf,
  files,
  steps: [pause(0.5), ctl('avail')],
  ignore: /^(states|gaps|endings|spawn errors) of/,
  shows: { '$ avail': expected },
});

const sleeper = (name: string, options = ''): string =>
  `[program:${name}]\ncommand = sleep 1000\n${options}\n`;

/** What Supervisor takes without a word: a program for each, all in one file. */
const TAKEN: readonly (readonly [key: string, value: string])[] = [
  ['autostart', 'TRUE'],
  ['autostart', 'Yes'],
  ['autostart', '0'],
  ['autorestart', 'Unexpected'],
  ['autorestart', '1'],
  ['autorestart', 'OFF'],
  ['stopsignal', 'sigint'],
  ['stopsignal', '9'],
  ['exitcodes', '0,2, 3 '],
  ['exitcodes', '255'],
  ['startsecs', '-1'],
  ['startretries', '-1'],
  ['stopwaitsecs', '0'],
  ['stopwaitsecs', '-1'],
  ['numprocs', '0'],
  ['numprocs', '-1'],
  ['umask', '0'],
  ['umask', '0022'],
  ['umask', '0o22'],
  ['stdout_logfile_maxbytes', '1kb'],
  ['stdout_logfile_maxbytes', '2 MB'],
  ['stdout_logfile_maxbytes', '-1'],
  ['stdout_logfile_backups', '-1'],
  ['stdout_logfile', 'none'],
  ['stdout_logfile', 'Auto'],
  ['stdout_logfile', 'SYSLOG'],
  ['environment', ''],
  ['priority', '+5'],
  ['priority', '1_000'],
  ['process_name', ' spaced '],
  ['serverurl', 'auto'],
  ['stdout_events_enabled', 'true'],
  ['stdout_capture_maxbytes', '1MB'],
];

const taken: Row = {
  name: 'values that are written in unusual ways are taken',
  ref: null,
  conf: TAKEN.map(([key, value], index) => sleeper(`x${index + 10}`, `${key} = ${value}`)).join(''),
  // The highest tier comes last, and is waited for.
  steps: [until('x38', 'RUNNING'), ctl('avail'), ctl('status')],
  ignore: /^(states|gaps|endings|spawn errors) of/,
  shows: { 'daemon starts': 'ready', '$ avail': /x10 +in use +auto +999:999/ },
};

export const CONFIGURATION: readonly Row[] = [
  availRow(
    'equal sections are one, the last of equal keys wins',
    `${sleeper('x', 'priority = 1')}${sleeper('y')}[program:x]\npriority = 7\nautostart = false`,
    /x +in use +manual +7:7/,
  ),
  availRow(
    'keys in any case, colons, spaces',
    '[program:x]\nCommand: sleep 1000\nPRIORITY=3',
    /3:3/,
  ),
  availRow(
    'comments of every kind',
    `; one
# two
[program:x] 
command = sleep 1000 ; three
priority = 3 # four
  ; five
autostart = false`,
    /manual +3:3/,
  ),
  availRow('a semicolon without a space before it', sleeper('x;y'), /x;y/),
  availRow(
    'DEFAULT stands behind every section',
    `[DEFAULT]\npriority = 42\nautostart = false\n${sleeper('x')}${sleeper('y', 'priority = 1')}`,
    /x +in use +manual +42:42\ny +in use +manual +1:1|y +in use +manual +1:1\nx/,
  ),
  availRow(
    'lines that end as on Windows',
    sleeper('x', 'priority = 4').replaceAll('\n', '\r\n'),
    /4:4/,
  ),
  availRow(
    'keys and sections that nobody knows',
    `${sleeper('x', 'autostrat = false')}[colour]\nred = 1`,
    /auto/,
  ),
  availRow(
    'an empty value',
    '[program:x]\ncommand = sleep 1000\nstopsignal = TERM\nenvironment =',
    /x/,
  ),
  availRow('no programs at all', '', 'exit 0'),
  availRow(
    'groups, and programs that are in none',
    `${sleeper('a')}${sleeper('b')}${sleeper('c')}[group:g]\nprograms = a, b\npriority = 5`,
    /c +in use[\s\S]*g:a +in use +auto +5:999\ng:b|g:a +in use +auto +5:999\ng:b[\s\S]*c/,
  ),
  availRow(
    'a program in two groups',
    `${sleeper('a')}[group:g]\nprograms = a\n[group:h]\nprograms = a`,
    /g:a[\s\S]*h:a/,
  ),
  availRow(
    'a group of the name of its program',
    `${sleeper('a')}[group:a]\nprograms = a`,
    /^exit 0\na +in use/,
  ),
  availRow(
    'a group of programs with numprocs',
    `${sleeper('a', 'numprocs = 2\nprocess_name = %(program_name)s%(process_num)d')}[group:g]\nprograms = a`,
    /g:a0[\s\S]*g:a1/,
  ),
  availRow('a group without programs', `[group:g]\nprograms =\n${sleeper('a')}`, /a +in use/),
  ...[
    '[program:a]\ncommand = sleep 1000\nprocess_name = same\n[program:b]\ncommand = sleep 1000\nprocess_name = same\n[group:g]\nprograms = a,b',
    `${sleeper('a')}${sleeper('b')}[group:a]\nprograms = b`,
  ].map(
    (conf, index): Row => ({
      name: index === 0 ? 'two processes of one name' : 'two groups of one name',
      ref: null,
      conf,
      steps: [pause(0.3)],
      ignore: /^(states|gaps|endings|spawn errors) of/,
      shows: { 'daemon starts': 'ready' },
      onPurpose: [
        { fact: 'daemon starts', ours: 'exit 2', see: 'two groups or processes of one name' },
      ],
    }),
  ),
  availRow(
    'numprocs 0 is an empty group',
    `${sleeper('x', 'numprocs = 0')}${sleeper('y')}`,
    /^exit 0\ny/,
  ),
  availRow(
    'include with relative patterns, several of them',
    '[include]\nfiles = conf.d/*.conf more/one.ini',
    /one[\s\S]*(?:two[\s\S]*three|three[\s\S]*two)/,
    {
      'conf.d/b.conf': sleeper('two'),
      'conf.d/a.conf': sleeper('one', 'priority = 1'),
      'conf.d/ignored.txt': sleeper('ignored'),
      'more/one.ini': sleeper('three'),
    },
  ),
  availRow(
    'an included file may change what the first one says',
    `[include]\nfiles = a.conf\n${sleeper('x', 'priority = 1')}`,
    /2:2/,
    { 'a.conf': '[program:x]\npriority = 2\n' },
  ),
  availRow('an include inside an included file does nothing', '[include]\nfiles = a.conf\n', /x/, {
    'a.conf': `${sleeper('x')}[include]\nfiles = b.conf\n`,
    'b.conf': sleeper('y'),
  }),
  availRow(
    'an include that matches nothing',
    `[include]\nfiles = nowhere/*.conf\n${sleeper('x')}`,
    /x/,
  ),
  availRow('include with variables', '[include]\nfiles = %(here)s/%(ENV_TERM)s.conf', /x/, {
    'dumb.conf': sleeper('x'),
  }),
  availRow('a question mark and brackets in an include', '[include]\nfiles = c?/[ab].conf', /one/, {
    'c1/a.conf': sleeper('one'),
    'c1/c.conf': sleeper('two'),
  }),
  {
    name: 'here in an included file is its own directory',
    ref: null,
    conf: '[include]\nfiles = sub/*.conf',
    files: {
      'sub/a.conf':
        '[program:x]\ncommand = sh -c "echo %(here)s; exec sleep 1000"\nstdout_logfile = %(here)s/out.log\n',
    },
    steps: [until('x', 'RUNNING')],
    observe: [file('sub/out.log')],
    shows: { 'file sub/out.log': '{dir}/sub' },
  },
  {
    name: 'a comment inside quotes cuts the command',
    ref: null,
    conf: '[program:x]\ncommand = sh -c "echo a ; sleep 1000"\nstartretries = 0',
    steps: [until('x', 'FATAL'), ctl('status x')],
    shows: { 'states of x': 'STARTING BACKOFF FATAL', 'spawn errors of x': /^can't parse command/ },
  },
  {
    name: 'a percent sign that is doubled',
    ref: null,
    conf: '[program:x]\ncommand = sh -c "date +%%Y-; exec sleep 1000"\nstdout_logfile = {dir}/out.log',
    steps: [until('x', 'RUNNING'), shellFact('a year', 'grep -c "^2...-$" out.log')],
    shows: { 'a year': '1' },
  },
  {
    name: 'an identifier, and no process is harmed',
    ref: null,
    conf: `[supervisord]\nidentifier = mine\nnocleanup = true\nloglevel = debug\n${sleeper('x')}`,
    steps: [until('x', 'RUNNING'), ctl('status')],
    shows: { '$ status': /x +RUNNING/ },
  },
  {
    name: 'a relative log file counts from the working directory',
    ref: null,
    conf: '[program:x]\ncommand = sh -c "echo hello; exec sleep 1000"\nstdout_logfile = out.log',
    steps: [until('x', 'RUNNING')],
    observe: [file('out.log')],
    shows: { 'file out.log': 'hello' },
  },
  {
    name: 'a tilde in a log file',
    ref: null,
    conf: '[program:x]\ncommand = sh -c "echo hello; exec sleep 1000"\nstdout_logfile = ~/out.log',
    steps: [until('x', 'RUNNING')],
    observe: [file('out.log')],
    shows: { 'file out.log': 'hello' },
  },
  taken,
];
