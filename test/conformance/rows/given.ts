/**
 * What a program is given besides what `environment.ts` looks at: stdin, arguments, names of
 * variables that no shell knows, limits, terminal; and how each way to end is told.
 */
import type { Row } from '../row.ts';
import { ctl, file, pause, shell, shellFact, until, untilFile } from '../steps.ts';

const once = (name: string, conf: string, shows: Row['shows'], more: Partial<Row> = {}): Row => ({
  name,
  ref: null,
  conf: `[program:x]\nstartsecs = 0\nautorestart = false\nstdout_logfile = {dir}/out.log\n${conf}`,
  steps: [until('x', 'EXITED'), pause(0.3)],
  observe: [file('out.log')],
  shows,
  ...more,
});

const VARIABLES = 'grep -v "^PYTHON\\|^CONFORMANCE" values | sort';

export const GIVEN: readonly Row[] = [
  {
    name: 'a program that reads its stdin',
    ref: null,
    conf: '[program:x]\ncommand = cat',
    steps: [pause(3), ctl('status x')],
    shows: { 'states of x': 'STARTING RUNNING' },
  },
  {
    name: 'nice value, terminal and process group',
    ref: null,
    conf: '[program:x]\ncommand = sleep 1000',
    steps: [
      until('x', 'RUNNING'),
      shellFact('nice value and terminal', 'cut -d " " -f 7,19 /proc/{pid:x}/stat'),
      shellFact(
        'leads a group',
        'test $(cut -d " " -f 5 /proc/{pid:x}/stat) = {pid:x} && echo yes',
      ),
      shellFact('arguments', 'tr "\\0" "\\n" </proc/{pid:x}/cmdline'),
      shellFact('descriptors', 'ls /proc/{pid:x}/fd | tr "\\n" " "'),
      shellFact('directory', 'readlink /proc/{pid:x}/cwd'),
      shellFact('limits', 'grep -v "Max open files" /proc/{pid:x}/limits | tr -s " "'),
      shellFact('oom', 'cat /proc/{pid:x}/oom_score_adj /proc/{pid:x}/coredump_filter'),
      shellFact('signals', 'grep "^Sig[BC]\\|NoNewPrivs\\|Seccomp:" /proc/{pid:x}/status'),
    ],
    shows: { 'leads a group': 'yes' },
  },
  {
    name: 'every variable, as a program without a shell sees it',
    ref: null,
    conf: `[program:x]
command = env
startsecs = 0
autorestart = false
stdout_logfile = {dir}/values
environment = A.B="dots",C-D="dash",PWD="/elsewhere",OLDPWD="/old",SHLVL="7",IFS="x",OPTIND="5",PPID="1",PS1="prompt",PS4="four",ENV="{dir}/env",BASH_ENV="{dir}/env",_="under",E="x=y",LINENO="3",CDPATH="/tmp",POSIXLY_CORRECT="1"`,
    steps: [until('x', 'EXITED'), pause(0.3), shellFact('values', VARIABLES)],
    shows: { values: /A\.B=dots/ },
  },
  {
    name: 'a PATH on which nothing is',
    ref: null,
    conf: `[program:x]
command = /bin/sleep 1000
environment = PATH="{dir}/nowhere",HOME="",LD_LIBRARY_PATH="{dir}"`,
    steps: [until('x', 'RUNNING'), ctl('stop x')],
    shows: { 'states of x': 'STARTING RUNNING STOPPING STOPPED' },
  },
  {
    name: 'an empty PATH',
    ref: null,
    conf: `[program:x]
command = /bin/sleep 1000
environment = PATH=""`,
    steps: [until('x', 'RUNNING'), ctl('stop x')],
    shows: { 'states of x': 'STARTING RUNNING STOPPING STOPPED' },
  },
  once(
    'a variable of several lines, and one in Greek',
    `command = printenv A B
environment = A="one
  two",B="αβγ"`,
    { 'file out.log': /αβγ/ },
  ),
  once(
    'arguments in Greek, with line ends and backslashes',
    `command = printf "[%%s]" αβγ "a\\nb" 'c\\d' "" "\\$x" \\"`,
    {},
  ),
  once('an argument of 100 KiB', `command = sh -c 'echo \${#1}' name ${'y'.repeat(100_000)}`, {
    'file out.log': '100000',
  }),
  ...['1', '126', '127', '128', '129', '137', '143', '192', '254'].map((code) =>
    once(`exit code ${code}`, `command = sh -c "exit ${code}"`, { 'endings of x': code }),
  ),
  ...[
    'HUP',
    'QUIT',
    'KILL',
    'USR1',
    'ALRM',
    'TERM',
    'BUS',
    'XCPU',
    'SYS',
    'FPE',
    'ILL',
    'TRAP',
    'VTALRM',
    'PROF',
    'PIPE',
    'INT',
  ].map((signal) =>
    once(
      `a program that dies of SIG${signal}`,
      `command = sh -c "kill -${signal} $$; sleep 5"`,
      {},
    ),
  ),
  once(
    'a program that dies of a signal without a name',
    'command = sh -c "kill -40 $$; sleep 5"',
    {},
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
    conf: '[program:x]\ncommand = sh -c "echo trying; echo broken >&2; exit 1"\nstartsecs = 2\nstartretries = 2\nstdout_logfile = {dir}/out.log\nstderr_logfile = {dir}/err.log',
    steps: [until('x', 'FATAL'), pause(0.3), ctl('tail x stderr')],
    observe: [file('out.log'), file('err.log')],
    shows: { 'file out.log': 'trying\ntrying\ntrying' },
  },
  {
    name: 'a program that forks again and again, and ends with its group',
    ref: null,
    conf: `[program:x]
command = sh -c 'for i in $(seq 100); do sleep 1000 & done; wait'
stopasgroup = true`,
    steps: [
      until('x', 'RUNNING'),
      shellFact('children', 'pgrep -g {pid:x} | wc -l'),
      ctl('stop x'),
      pause(0.3),
      shellFact('left', 'pgrep -g {pid:x} -r R,S | wc -l'),
    ],
    shows: { children: '101', left: '0' },
  },
  {
    name: 'programs that end in a flood',
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
      until('x:29', 'EXITED'),
      until('y', 'RUNNING'),
      pause(0.5),
      ctl('status y'),
      shellFact('zombies', 'ps -o stat= --ppid {daemon} | grep -c Z'),
    ],
    shows: { 'states of x:07': 'STARTING RUNNING EXITED', zombies: '0' },
  },
  {
    name: 'a relative directory, and a home directory',
    ref: null,
    conf: `[program:x]
command = sh -c "pwd >{dir}/where; exec sleep 1000"
directory = shared
[program:y]
command = sh -c "pwd >{dir}/home; exec sleep 1000"
directory = ~/auto`,
    steps: [until('x', 'RUNNING'), until('y', 'RUNNING')],
    observe: [file('where'), file('home')],
    shows: { 'file where': '{dir}/shared' },
  },
  {
    name: 'a script that is replaced while it runs, then restarted',
    ref: null,
    conf: '[program:x]\ncommand = {dir}/script\nstdout_logfile = {dir}/out.log',
    files: { script: '#!/bin/sh\necho first\nexec sleep 1000\n' },
    steps: [
      until('x', 'RUNNING'),
      shell(
        'printf "#!/bin/sh\\necho second\\nexec sleep 1000\\n" >new; chmod +x new; mv new script',
      ),
      ctl('restart x'),
      untilFile('out.log', 'second'),
    ],
    observe: [file('out.log')],
    shows: { 'file out.log': 'first\nsecond' },
    ignore: /^gaps/,
  },
];
