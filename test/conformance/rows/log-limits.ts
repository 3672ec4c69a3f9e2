/** Rotation to the byte, and logs that are shared, hidden, or cannot be written. */
import type { Row } from '../row.ts';
import {
  ctl,
  daemonNow,
  file,
  names,
  pause,
  shell,
  shellFact,
  signalDaemon,
  until,
  untilFile,
  untilShell,
} from '../steps.ts';

const sizes = shellFact('sizes', 'wc -c out.log* | grep -v total | tr -s " "');

interface Rotation {
  readonly lines: string;
  readonly maxBytes: number;
  readonly backups: number;
}

/** Each line is written by itself: whether to rotate is decided after each read. */
const ROTATIONS: Readonly<Record<string, Rotation>> = {
  exact: { lines: '100 100 100', maxBytes: 100, backups: 5 },
  around: { lines: '99 101 1', maxBytes: 100, backups: 5 },
  large: { lines: '500 10', maxBytes: 100, backups: 5 },
  many: { lines: '100 200 300 400 500', maxBytes: 100, backups: 2 },
  none: { lines: '60 60 60', maxBytes: 100, backups: 0 },
  negative: { lines: '60 60 60', maxBytes: 100, backups: -1 },
  tiny: { lines: '5 6 7', maxBytes: 1, backups: 2 },
};

const rotations: Row = {
  name: 'rotation to the byte',
  ref: null,
  conf: Object.entries(ROTATIONS)
    .map(
      ([name, { lines, maxBytes, backups }]) => `[program:${name}]
command = {probes}/burst.sh 0.4 ${lines}
stdout_logfile = {dir}/out.log.${name}
stdout_logfile_maxbytes = ${maxBytes}
stdout_logfile_backups = ${backups}
`,
    )
    .join(''),
  steps: [
    ...Object.keys(ROTATIONS).map((name) => until(name, 'RUNNING')),
    pause(2.5),
    ...Object.keys(ROTATIONS).map((name) =>
      shellFact(`sizes of ${name}`, `wc -c out.log.${name}* | grep -v total | tr -s " "`),
    ),
  ],
  shows: {
    'sizes of exact': /^0 out\.log\.exact\s+100 out\.log\.exact\.1\s/,
    'sizes of large': /^10 out\.log\.large\s+500 out\.log\.large\.1$/,
    'sizes of many': /\.2$/,
    'sizes of none': /^\d+ out\.log\.none$/,
    'sizes of tiny': /\s7 out\.log\.tiny\.1\s+6 out\.log\.tiny\.2$/,
  },
};

const talk = (options: string): string => `[program:x]\ncommand = {probes}/talk.sh\n${options}`;

const SAID = 'is said in the log of the agent';

/** A log of which nothing comes: Supervisor does not start the program. */
const unwritable = (name: string, path: string, code: RegExp): Row => ({
  name,
  ref: null,
  conf: `[program:x]\ncommand = sleep 1000\nstdout_logfile = ${path}\nstartretries = 0\nautostart = false`,
  steps: [ctl('start x'), ctl('status x'), daemonNow],
  shows: { 'spawn errors of x': code },
  onPurpose: [
    { fact: '$ start x', ours: 'exit 0\nx: started', see: SAID },
    { fact: '$ status x', ours: /^exit 0\nx +RUNNING/, see: SAID },
    { fact: 'states of x', ours: 'STARTING RUNNING', see: SAID },
    { fact: 'spawn errors of x', ours: '', see: SAID },
  ],
});

/** Lines come one at a time, so that their order is not a race. */
const SYSLOG_CONF = `[supervisord]
logfile = {dir}/s.log
pidfile = {dir}/s.pid
childlogdir = {dir}/auto
[agent]
state_dir = {dir}/own-state
socket = {dir}/own.sock
[program:x]
command = sh -c "sleep 0.3; echo one; sleep 0.3; echo two >&2; sleep 0.3; printf 'a\\tb\\nlast\\n'; exec sleep 1000"
stdout_logfile = syslog
stdout_syslog = true
stderr_syslog = true
[program:y]
command = sh -c "sleep 2; echo from y; sleep 0.3; echo wrong >&2; exec sleep 1000"
stdout_syslog = true
redirect_stderr = true
stdout_logfile = {dir}/y.log
`;

export const LOG_LIMITS: readonly Row[] = [
  rotations,
  {
    name: 'rotation: backups that are there already',
    ref: null,
    conf: '[program:x]\ncommand = {probes}/burst.sh 0.4 100 50\nstdout_logfile = {dir}/out.log\nstdout_logfile_maxbytes = 100\nstdout_logfile_backups = 3',
    files: {
      'out.log.1': 'one\n',
      'out.log.2': 'two two\n',
      'out.log.3': 'three three\n',
      'out.log.9': 'nine\n',
    },
    steps: [until('x', 'RUNNING'), pause(2.5), sizes],
    shows: { sizes: /out\.log\.1\s+4 out\.log\.2\s+8 out\.log\.3\s+5 out\.log\.9$/ },
  },
  {
    name: 'rotation of stderr, and of both in one',
    ref: null,
    conf: `[program:x]
command = sh -c "{probes}/burst.sh 0.4 100 100 >&2"
stderr_logfile = {dir}/out.log.err
stderr_logfile_maxbytes = 100
stderr_logfile_backups = 1
[program:y]
command = sh -c "{probes}/burst.sh 0.4 100 100 >&2"
redirect_stderr = true
stdout_logfile = {dir}/out.log.both
stdout_logfile_maxbytes = 100
stdout_logfile_backups = 1`,
    steps: [until('x', 'RUNNING'), until('y', 'RUNNING'), pause(2), sizes],
    shows: { sizes: /100 out\.log\.both\.1\s+0 out\.log\.err\s+100 out\.log\.err\.1$/ },
  },
  {
    name: 'clear after rotation',
    ref: null,
    conf: '[program:x]\ncommand = {probes}/burst.sh 0.3 100 100 50\nstdout_logfile = {dir}/out.log\nstdout_logfile_maxbytes = 100\nstdout_logfile_backups = 3',
    steps: [until('x', 'RUNNING'), pause(1), ctl('clear x'), sizes, ctl('tail x')],
    shows: { '$ clear x': 'exit 0\nx: cleared' },
  },
  {
    name: 'tail after rotation, and of more than is in the file',
    ref: null,
    conf: '[program:x]\ncommand = {probes}/burst.sh 0.3 100 50\nstdout_logfile = {dir}/out.log\nstdout_logfile_maxbytes = 100\nstdout_logfile_backups = 3',
    steps: [until('x', 'RUNNING'), pause(1), ctl('tail x'), ctl('tail -1000 x'), ctl('tail -10 x')],
    shows: { '$ tail -10 x': /^exit 0\n0+$/ },
  },
  {
    name: 'tail of a long log begins in the middle of a line',
    ref: null,
    conf: '[program:x]\ncommand = sh -c "seq 1000 2000; exec sleep 1000"\nstdout_logfile = {dir}/out.log',
    steps: [until('x', 'RUNNING'), ctl('tail x'), ctl('tail -7 x'), ctl('tail -5000 x')],
    shows: { '$ tail -7 x': 'exit 0\n9\n2000' },
  },
  {
    name: 'tail in the middle of a Greek letter',
    ref: null,
    conf: '[program:x]\ncommand = printf "αβγδ\\n"\nstartsecs = 0\nautorestart = false\nstdout_logfile = {dir}/out.log',
    steps: [
      until('x', 'EXITED'),
      untilFile('out.log', 'αβγδ'),
      ctl('tail x'),
      ctl('tail -5 x'),
      ctl('tail -4 x'),
    ],
    shows: { '$ tail -5 x': 'exit 0\nγδ' },
    onPurpose: [
      { fact: '$ tail -4 x', ours: 'exit 0\n\ufffdδ', see: 'or half a letter at its beginning' },
    ],
  },
  {
    name: 'stderr_logfile beside redirect_stderr, both with limits',
    ref: null,
    conf: talk(
      'redirect_stderr = true\nstdout_logfile = {dir}/out.log\nstderr_logfile = {dir}/err.log\nstderr_logfile_maxbytes = 1',
    ),
    steps: [
      until('x', 'RUNNING'),
      untilFile('out.log', 'stderr'),
      ctl('tail x stderr'),
      ctl('clear x'),
    ],
    observe: [file('err.log')],
    shows: { 'file err.log': '(missing)' },
  },
  {
    name: 'redirect_stderr into nothing',
    ref: null,
    conf: talk('redirect_stderr = true\nstdout_logfile = NONE\nstderr_logfile = {dir}/err.log'),
    steps: [until('x', 'RUNNING'), pause(0.3), ctl('tail x'), ctl('tail x stderr'), ctl('clear x')],
    observe: [file('err.log')],
    shows: { '$ tail x': 'exit 1\nx: ERROR (no log file)' },
  },
  {
    name: 'NONE: clear and SIGUSR2 do no harm',
    ref: null,
    conf: talk('stdout_logfile = NONE\nstderr_logfile = NONE'),
    steps: [
      until('x', 'RUNNING'),
      ctl('clear x'),
      signalDaemon('SIGUSR2'),
      pause(1.2),
      ctl('status x'),
      ctl('tail -f x'),
    ],
    observe: [names('auto')],
    shows: { '$ clear x': 'exit 0\nx: cleared' },
  },
  {
    name: 'logs without a directory in their names, each of its own program',
    ref: null,
    conf: `[program:x]
command = {probes}/talk.sh
numprocs = 2
process_name = %(program_name)s_%(process_num)d
stdout_logfile = %(here)s/%(program_name)s-%(process_num)d-%(host_node_name)s.log
stderr_logfile = %(ENV_OUTER)s.log`,
    steps: [
      until('x:x_1', 'RUNNING'),
      shellFact('logs', 'ls | grep "^x-\\|from" | sed "s/$(hostname)/HOST/"'),
    ],
    shows: { logs: 'from outside.log\nx-0-HOST.log\nx-1-HOST.log' },
  },
  {
    name: 'a log whose directory goes, and comes back',
    ref: null,
    conf: '[program:x]\ncommand = {probes}/burst.sh 0.3 10 20 30\nstdout_logfile = {dir}/logs/out.log',
    files: { 'logs/other': '' },
    steps: [
      until('x', 'RUNNING'),
      shell('mv logs away'),
      signalDaemon('SIGUSR2'),
      pause(1.5),
      daemonNow,
      ctl('status x'),
      shell('mkdir logs'),
      signalDaemon('SIGUSR2'),
      pause(1.2),
      ctl('restart x'),
      pause(0.5),
      shellFact('a log again', 'test -e logs/out.log && echo yes'),
      daemonNow,
    ],
    ignore: /^gaps/,
    shows: { 'daemon now': 'exit 1' },
    onPurpose: [
      { fact: 'daemon now', ours: 'runs', see: SAID },
      { fact: 'daemon now #2', ours: 'runs', see: SAID },
      { fact: 'a log again', ours: 'yes', see: SAID },
      { fact: '$ status x', ours: /^exit 0\nx +RUNNING/, see: SAID },
      { fact: '$ restart x', ours: 'exit 0\nx: stopped\nx: started', see: SAID },
      { fact: 'states of x', ours: /STOPPED STARTING RUNNING$/, see: SAID },
      { fact: 'endings of x', ours: 'SIGTERM', see: SAID },
    ],
  },
  unwritable('a log that is a directory', '{dir}/shared', /making dispatchers for 'x': EISDIR$/),
  unwritable(
    'a log that may not be written',
    '/proc/version',
    /making dispatchers for 'x': (EINVAL|EACCES)$/,
  ),
  {
    name: 'a flood of ten megabytes, rotated',
    ref: null,
    conf: '[program:x]\ncommand = sh -c "head -c 10000000 /dev/zero | tr \\\\000 x; exec sleep 1000"\nstdout_logfile = {dir}/out.log\nstdout_logfile_maxbytes = 3MB\nstdout_logfile_backups = 10',
    steps: [
      until('x', 'RUNNING'),
      untilShell('[ $(cat out.log* | wc -c) -ge 10000000 ]'),
      shellFact('bytes', 'cat out.log* | wc -c'),
    ],
    shows: { bytes: '10000000' },
  },
  {
    name: 'lines for syslog',
    ref: null,
    conf: '',
    files: { 'syslog.conf': SYSLOG_CONF },
    steps: [
      shellFact(
        'syslog',
        'python3 {probes}/with-syslog.py 5 {program} -n -c {dir}/syslog.conf | sed "s/^\\(<[0-9]*>\\).\\{15\\}/\\1TIME/"',
      ),
    ],
    observe: [file('y.log')],
    shows: { syslog: /^<14>TIME supervisord: x one\n/, 'file y.log': 'from y\nwrong' },
    needsRoot: true,
  },
];
