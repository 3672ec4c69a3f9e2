/** What a program finds when it is started: variables, user, umask, directory, descriptors. */
import { DIRECTORY, EXECUTED, namedError } from '../named-error.ts';
import type { Row } from '../row.ts';
import { ctl, file, remarks, shell, until, untilFile } from '../steps.ts';

const reportRow = (
  name: string,
  ref: number | null,
  options: string,
  extra: Partial<Row> = {},
): Row => ({
  name,
  ref,
  conf: `[program:x]\ncommand = {probes}/report.sh {dir}/shared/report\n${options}`,
  steps: [until('x', 'RUNNING')],
  observe: [file('shared/report')],
  shows: { 'file shared/report': /SUPERVISOR_PROCESS_NAME=x/ },
  ...extra,
});

/** Prints some variables, one a line. */
const print = (variables: readonly string[]): string =>
  `sh -c "printenv ${variables.join(' ')} >{dir}/values; exec sleep 1000"`;

const valuesRow = (
  name: string,
  variables: readonly string[],
  sections: (command: string) => string,
  expected: string | RegExp,
): Row => ({
  name,
  ref: null,
  conf: sections(print(variables)),
  steps: [until('x', 'RUNNING')],
  observe: [file('values')],
  shows: { 'file values': expected },
});

export const ENVIRONMENT: readonly Row[] = [
  reportRow('everything that a program finds', 36, ''),
  reportRow('the umask of the program', 39, 'umask = 027', {
    shows: { 'file shared/report': /umask: 0027/ },
  }),
  reportRow('the umask of the daemon', null, '[supervisord]\numask = 077', {
    shows: { 'file shared/report': /umask: 0022/ },
    onPurpose: [
      { fact: 'file shared/report', ours: /umask: 0077/, see: '`umask` of `[supervisord]`' },
    ],
  }),
  reportRow('a directory', null, 'directory = {dir}/shared', {
    shows: { 'file shared/report': /directory: \{dir\}\/shared/ },
  }),
  reportRow('a user: groups, HOME as it was', 37, 'user = nobody', {
    needsRoot: true,
    shows: { 'file shared/report': /user: 65534 group: 65534/ },
  }),
  reportRow('a user by number', null, 'user = 65534', {
    needsRoot: true,
    shows: { 'file shared/report': /user: 65534 group: 65534/ },
  }),
  reportRow('a user with supplementary groups', null, 'user = games', {
    needsRoot: true,
    shows: { 'file shared/report': /user: 5 group: 60/ },
  }),
  {
    name: 'how many descriptors a program may open',
    ref: null,
    conf: '[supervisord]\nminfds = 500\n[program:x]\ncommand = sh -c "ulimit -Sn >{dir}/soft; ulimit -Hn >{dir}/hard; exec sleep 1000"',
    steps: [until('x', 'RUNNING')],
    observe: [file('soft'), file('hard')],
    shows: { 'file soft': /^\d+$/ },
    onPurpose: [{ fact: 'file soft', ours: '500', see: 'descriptors a program may open' }],
  },
  {
    name: 'signals, stdin and other limits that a program inherits',
    ref: null,
    conf: '[program:x]\ncommand = {probes}/inherited.sh {dir}/report',
    steps: [until('x', 'RUNNING')],
    observe: [file('report')],
    shows: { 'file report': /stdin: a pipe\naccess mode: 0$/ },
    onPurpose: [
      {
        fact: 'file report',
        ours: /^Max core[^\n]*\nMax processes[^\n]*\nMax address[^\n]*\nSigBlk:\t0+\nSigIgn:\t0+\nstdin: a pipe\naccess mode: 0$/,
        see: 'no signal is ignored',
      },
    ],
  },
  reportRow(
    '[supervisord] directory in the foreground',
    null,
    '[supervisord]\ndirectory = {dir}/shared',
    {
      shows: { 'file shared/report': /directory: \{dir\}\n/ },
    },
  ),
  reportRow(
    'the environment of the daemon under that of the program',
    35,
    [
      'environment = OUTER="program",SUPERVISOR_ENABLED="mine"',
      '[supervisord]',
      'environment = OUTER="global",EXTRA="global"',
    ].join('\n'),
    { shows: { 'file shared/report': /EXTRA=global[\s\S]*OUTER=program/ } },
  ),
  reportRow('serverurl', null, 'serverurl = http://example.org:9001', {
    shows: { 'file shared/report': /SUPERVISOR_SERVER_URL=http:\/\/example\.org:9001/ },
  }),
  valuesRow(
    'quotes in environment',
    ['A', 'B', 'C', 'D', 'E', 'F'],
    (command) => `[program:x]
command = ${command}
environment = A="two words",B='single',C=bare/path.x,D="with,comma",E="it's",F=""`,
    /^two words\nsingle\nbare\/path\.x\nwith,comma\nit's/,
  ),
  valuesRow(
    'environment over several lines',
    ['A', 'B'],
    (command) => `[program:x]
command = ${command}
environment =
  A="1",
  B="2"`,
    '1\n2',
  ),
  valuesRow(
    'a trailing comma and spaces around equals signs',
    ['A', 'B'],
    (command) => `[program:x]\ncommand = ${command}\nenvironment = A = "1" , B=2,`,
    '1\n2',
  ),
  valuesRow(
    'a value may refer to the environment outside and to [supervisord]',
    ['A', 'B', 'G'],
    (command) => `[supervisord]
environment = LAYER="one",A="outer"
[program:x]
command = ${command}
environment = A="1",B="%(ENV_OUTER)s-%(ENV_LAYER)s",G="%(ENV_A)s"`,
    '1\nfrom outside-one\nouter',
  ),
  valuesRow(
    'percent signs',
    ['A', 'B'],
    (command) => `[program:x]\ncommand = ${command}\nenvironment = A="100%%",B="%%(not)s"`,
    '100%\n%(not)s',
  ),
  valuesRow(
    'every variable of expansion',
    ['A'],
    (command) => `[program:x]
command = ${command}
environment = A="%(program_name)s %(group_name)s %(process_num)d %(numprocs)d %(here)s"`,
    'x x 0 1 {dir}',
  ),
  {
    name: 'the environment of a program in its other keys',
    ref: null,
    conf: `[program:x]
command = sh -c "echo %(ENV_WHAT)s; exec sleep 1000"
environment = WHAT="it"
directory = {dir}
stdout_logfile = {dir}/%(ENV_WHAT)s-%(program_name)s.log`,
    steps: [until('x', 'RUNNING')],
    observe: [file('it-x.log')],
    shows: { 'file it-x.log': 'it' },
  },
  {
    name: 'names, numbers and expansion with numprocs',
    ref: 31,
    conf: `[program:n]
command = sh -c "echo %(process_num)d of %(numprocs)s; exec sleep 1000"
process_name = w%(process_num)02d
numprocs = 3
numprocs_start = 5
stdout_logfile = {dir}/%(program_name)s-%(process_num)03d.log`,
    steps: [until('n:w05', 'RUNNING'), until('n:w07', 'RUNNING'), ctl('status')],
    observe: [file('n-005.log'), file('n-007.log')],
    shows: { '$ status': /n:w05 [\s\S]*n:w06 [\s\S]*n:w07 /, 'file n-005.log': '5 of 3' },
  },
  {
    name: 'names of processes and groups in the environment',
    ref: null,
    conf: `[program:a]
command = sh -c "echo $SUPERVISOR_GROUP_NAME:$SUPERVISOR_PROCESS_NAME; exec sleep 1000"
process_name = %(group_name)s-%(program_name)s-%(process_num)d
numprocs = 2
stdout_logfile = {dir}/%(process_num)d.log
[group:g]
programs = a`,
    steps: [until('g:g-a-0', 'RUNNING'), until('g:g-a-1', 'RUNNING')],
    observe: [file('0.log'), file('1.log')],
    shows: { 'file 1.log': 'g:g-a-1' },
  },
  {
    name: 'a user may write its files, and owns its process',
    ref: null,
    conf: `[program:x]
command = sh -c "id -u >{dir}/shared/who; exec sleep 1000"
user = nobody
stdout_logfile = {dir}/out.log`,
    steps: [until('x', 'RUNNING'), untilFile('shared/who', '65534'), ctl('stop x')],
    observe: [file('shared/who')],
    shows: { 'file shared/who': '65534', 'states of x': 'STARTING RUNNING STOPPING STOPPED' },
    needsRoot: true,
  },
  {
    name: 'a user may not enter the directory',
    ref: null,
    conf: `[program:x]
command = sleep 1000
user = nobody
directory = {dir}/closed
startsecs = 2
startretries = 0
autostart = false
stderr_logfile = {dir}/err.log`,
    steps: [shell('mkdir -m 700 closed'), ctl('start x'), ctl('status x'), remarks('err.log')],
    shows: { '$ start x': 'exit 7\nx: ERROR (spawn error)', remarks: /chdir .*: EACCES\n.*not/ },
    onPurpose: namedError({
      error: "couldn't chdir to {dir}/closed: EACCES",
      endings: /^(127)?$/,
      see: DIRECTORY,
    }),
    needsRoot: true,
  },
  {
    name: 'a command that only root may execute, for a user',
    ref: null,
    conf: `[program:x]
command = {dir}/only-root
user = nobody
startsecs = 2
startretries = 0
autostart = false
stderr_logfile = {dir}/err.log`,
    files: { 'only-root': '#!/bin/sh\nexec sleep 1000\n' },
    steps: [shell('chmod 700 only-root'), ctl('start x'), ctl('status x'), remarks('err.log')],
    shows: {
      '$ start x': /exit [17]/,
      'endings of x': '127',
      remarks: /exec .*: EACCES\n.*not/,
    },
    onPurpose: namedError({
      error: "couldn't exec {dir}/only-root: EACCES",
      endings: /^(126|127)$/,
      see: EXECUTED,
    }),
    needsRoot: true,
  },
  {
    name: 'an environment that is too large',
    ref: null,
    conf: `[program:x]
command = sleep 1000
environment = A="${'a'.repeat(200_000)}"
startsecs = 2
startretries = 0`,
    steps: [until('x', 'FATAL'), ctl('status x')],
    shows: { 'states of x': 'STARTING BACKOFF FATAL', 'endings of x': '127' },
    onPurpose: namedError({
      error: "couldn't exec sleep: E2BIG",
      endings: /^(|126|127)$/,
      see: EXECUTED,
    }),
  },
  {
    name: 'an argument of every kind',
    ref: null,
    conf: `[program:x]
command = sh -c 'for word; do echo "[$word]"; done; exec sleep 1000' name "two words" 'single "quoted"' plain\\ escaped "" --flag=%(program_name)s a;b
stdout_logfile = {dir}/out.log`,
    steps: [until('x', 'RUNNING')],
    observe: [file('out.log')],
    shows: { 'file out.log': /^\[two words\]\n\[single "quoted"\]\n/ },
  },
  {
    name: 'a command over several lines',
    ref: null,
    conf: `[program:x]
command = sh -c 'echo "$@"; exec sleep 1000' name
  first
  second
stdout_logfile = {dir}/out.log`,
    steps: [until('x', 'RUNNING')],
    observe: [file('out.log')],
    shows: { 'file out.log': 'first second' },
  },
  {
    name: 'no shell: dollar signs and pipes are arguments',
    ref: null,
    conf: '[program:x]\ncommand = {probes}/report.sh {dir}/shared/report $HOME | tee >x && true',
    steps: [until('x', 'RUNNING')],
    observe: [file('shared/report')],
    shows: {
      'file shared/report':
        /arguments: report\.sh \{dir\}\/shared\/report \$HOME \| tee >x && true/,
    },
  },
];
