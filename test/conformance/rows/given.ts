/**
 * What a program is given besides what `environment.ts` looks at (stdin, arguments, limits, names of
 * variables that no shell knows), and what it does with it.
 */
import type { Row } from '../row.ts';
import { ctl, file, pause, shell, shellFact, until, untilFile } from '../steps.ts';

/** Runs to its end, whatever that is; what it says goes to `out.log`, and `lastWords` end it. */
const once = (name: string, conf: string, lastWords: string, shown: Row['shows'][string]): Row => ({
  name,
  ref: null,
  conf: `[program:x]\nstartsecs = 0\nautorestart = false\nstdout_logfile = {dir}/out.log\n${conf}`,
  steps: [until('x', 'EXITED'), untilFile('out.log', lastWords)],
  observe: [file('out.log')],
  shows: { 'file out.log': shown },
});

const THIRTY = Array.from({ length: 30 }, (_, number) => String(number).padStart(2, '0'));

/** Where the daemons differ on purpose, and what belongs to this suite, left out. */
const VARIABLES = 'grep -v "^PYTHON\\|^CONFORMANCE" values | sort';

export const GIVEN: readonly Row[] = [
  {
    name: 'a program that reads its stdin',
    ref: null,
    conf: '[program:x]\ncommand = cat',
    steps: [until('x', 'RUNNING'), ctl('restart x'), ctl('status x'), ctl('stop x')],
    shows: {
      'states of x': 'STARTING RUNNING STOPPING STOPPED STARTING RUNNING STOPPING STOPPED',
      '$ status x': /RUNNING/,
    },
  },
  {
    name: 'a program that acts when its stdin ends',
    ref: null,
    conf: `[program:x]
command = sh -c "cat; echo ended >>{dir}/ended"
autorestart = false`,
    steps: [
      until('x', 'RUNNING'),
      pause(2),
      shellFact('ended', 'test -e ended && echo yes || echo never'),
      ctl('status x'),
    ],
    ignore: /^gaps/,
    shows: { ended: 'never', 'states of x': 'STARTING RUNNING' },
  },
  {
    name: 'a program of another user that reads its stdin',
    ref: null,
    conf: '[program:x]\ncommand = cat\nuser = nobody',
    steps: [until('x', 'RUNNING'), ctl('stop x')],
    shows: { 'states of x': 'STARTING RUNNING STOPPING STOPPED', 'endings of x': 'SIGTERM' },
    needsRoot: true,
  },
  {
    name: 'arguments, descriptors, group, terminal, nice value, limits',
    ref: null,
    conf: '[program:x]\ncommand = sleep 1000',
    steps: [
      until('x', 'RUNNING'),
      shellFact('arguments', 'tr "\\0" " " </proc/{pid:x}/cmdline'),
      shellFact('descriptors', 'ls /proc/{pid:x}/fd | tr "\\n" " "'),
      shellFact(
        'leads a group',
        'cut -d " " -f 5 /proc/{pid:x}/stat | grep -qx {pid:x} && echo yes',
      ),
      shellFact('terminal and nice value', 'cut -d " " -f 7,19 /proc/{pid:x}/stat'),
      shellFact('directory', 'readlink /proc/{pid:x}/cwd'),
      shellFact('limits', 'grep -v "Max open files" /proc/{pid:x}/limits | tr -s " "'),
      shellFact('out of memory', 'cat /proc/{pid:x}/oom_score_adj /proc/{pid:x}/coredump_filter'),
      shellFact('signals', 'grep "^Sig[BC]\\|NoNewPrivs\\|Seccomp:" /proc/{pid:x}/status'),
    ],
    shows: { arguments: 'sleep 1000', descriptors: '0 1 2', 'leads a group': 'yes' },
  },
  {
    name: 'every variable, as a program without a shell sees it',
    ref: null,
    conf: `[program:x]
command = env
startsecs = 0
autorestart = false
stdout_logfile = {dir}/values
environment = A.B="dots",C-D="dash",PWD="/elsewhere",OLDPWD="/old",SHLVL="7",IFS="x",OPTIND="5",
  PPID="1",PS1="prompt",PS4="four",ENV="{dir}/env",BASH_ENV="{dir}/env",_="under",E="x=y",LINENO="3",
  CDPATH="/tmp",POSIXLY_CORRECT="1"`,
    steps: [until('x', 'EXITED'), untilFile('values', '_=under'), shellFact('values', VARIABLES)],
    shows: { values: /^A\.B=dots\n[\s\S]*\nC-D=dash\n[\s\S]*\n_=under$/ },
  },
  {
    name: 'a PATH on which nothing is, and an empty one',
    ref: null,
    conf: `[program:x]
command = /bin/sleep 1000
environment = PATH="{dir}/nowhere",HOME="",LD_LIBRARY_PATH="{dir}"
[program:y]
command = /bin/sleep 1000
environment = PATH=""`,
    steps: [until('x', 'RUNNING'), until('y', 'RUNNING'), ctl('stop x'), ctl('stop y')],
    shows: {
      'states of x': 'STARTING RUNNING STOPPING STOPPED',
      'states of y': 'STARTING RUNNING STOPPING STOPPED',
    },
  },
  once(
    'a variable of several lines, and one in Greek',
    'command = printenv A B\nenvironment = A="one\n  two",B="αβγ"',
    'αβγ\n',
    'one\ntwo\nαβγ',
  ),
  once(
    'arguments in Greek, with line ends and backslashes',
    `command = printf "[%%s]" αβγ "a\\nb" 'c\\d' "" "\\$x" \\"`,
    '["]',
    /^\[αβγ\]\[a\\nb\]\[c\\d\]\[\]/,
  ),
  once(
    'an argument of 100 KiB',
    `command = sh -c 'echo \${#1}' name ${'y'.repeat(100_000)}`,
    '100000',
    '100000',
  ),
  {
    name: 'a program that closes its outputs',
    ref: null,
    conf: '[program:x]\ncommand = sh -c "echo before; exec >&- 2>&-; exec sleep 1000"\nstdout_logfile = {dir}/out.log',
    steps: [until('x', 'RUNNING'), ctl('stop x'), ctl('start x'), ctl('status x')],
    observe: [file('out.log')],
    shows: { 'states of x': 'STARTING RUNNING STOPPING STOPPED STARTING RUNNING' },
  },
  {
    name: 'a program that says nothing has an empty log',
    ref: null,
    conf: '[program:x]\ncommand = sleep 1000\nstdout_logfile = {dir}/out.log\nstderr_logfile = {dir}/err.log',
    steps: [
      until('x', 'RUNNING'),
      shellFact('sizes', 'wc -c <out.log; wc -c <err.log'),
      ctl('tail x'),
    ],
    shows: { sizes: '0\n0', '$ tail x': 'exit 0' },
  },
  {
    name: 'what a program says before it fails stands in its log, each time',
    ref: null,
    conf: `[program:x]
command = sh -c "echo trying; echo broken >&2; exit 1"
startsecs = 2
startretries = 2
stdout_logfile = {dir}/out.log
stderr_logfile = {dir}/err.log`,
    steps: [
      until('x', 'FATAL'),
      untilFile('out.log', 'trying\ntrying\ntrying\n'),
      untilFile('err.log', 'broken\nbroken\nbroken\n'),
      ctl('tail x stderr'),
    ],
    observe: [file('out.log'), file('err.log')],
    shows: { 'file out.log': 'trying\ntrying\ntrying' },
  },
  {
    name: 'thirty programs that end at the same time',
    ref: null,
    conf: `[program:x]
command = sh -c "exit 0"
startsecs = 0
autorestart = false
numprocs = 30
process_name = %(process_num)02d
[program:y]
command = sleep 1000`,
    steps: [
      ...THIRTY.map((number) => until(`x:${number}`, 'EXITED')),
      until('y', 'RUNNING'),
      ctl('status y'),
      shellFact('zombies', 'ps -o stat= --ppid {daemon} | grep -c Z'),
    ],
    ignore: /^gaps/,
    shows: { 'states of x:07': 'STARTING RUNNING EXITED', zombies: '0' },
  },
  {
    name: 'a relative directory',
    ref: null,
    conf: '[program:x]\ncommand = sh -c "pwd >{dir}/where; exec sleep 1000"\ndirectory = shared',
    steps: [until('x', 'RUNNING')],
    observe: [file('where')],
    shows: { 'file where': '{dir}/shared' },
  },
  {
    name: 'a script that is replaced while it runs, then restarted',
    ref: null,
    conf: '[program:x]\ncommand = {dir}/script\nstdout_logfile = {dir}/out.log',
    files: {
      script: '#!/bin/sh\necho first\nexec sleep 1000\n',
      new: '#!/bin/sh\necho second\nexec sleep 1000\n',
    },
    steps: [
      until('x', 'RUNNING'),
      shell('mv new script'),
      ctl('restart x'),
      untilFile('out.log', 'second'),
    ],
    observe: [file('out.log')],
    shows: { 'file out.log': 'first\nsecond' },
    ignore: /^gaps/,
  },
];
