/** Where the output of programs goes: names, contents, rotation, redirection, and reading it. */
import { userInfo } from 'node:os';
import type { Row } from '../row.ts';
import {
  ctl,
  daemonNow,
  file,
  names,
  pause,
  shell,
  shellFact,
  until,
  untilFile,
} from '../steps.ts';

const LOGS = 'stdout_logfile = {dir}/out.log\nstderr_logfile = {dir}/err.log';
const TALK = `[program:x]\ncommand = {probes}/talk.sh\n${LOGS}`;

/** Sizes of a log and of what was rotated out of it. */
const sizes = shellFact('sizes', 'wc -c out.log* | grep -v total | tr -s " "');

const rotation = (name: string, options: string, expected: RegExp): Row => ({
  name,
  ref: null,
  conf: `[program:x]
command = {probes}/write.sh 12 600
stdout_logfile = {dir}/out.log
${options}`,
  steps: [until('x', 'RUNNING'), pause(2.5), sizes],
  shows: { sizes: expected },
});

export const LOG_ROWS: readonly Row[] = [
  {
    name: 'stdout and stderr in files of their own',
    ref: null,
    conf: TALK,
    steps: [untilFile('err.log', 'to stderr'), until('x', 'RUNNING')],
    observe: [file('out.log'), file('err.log')],
    shows: { 'file out.log': 'to stdout', 'file err.log': 'to stderr' },
  },
  {
    name: 'who owns a log, and who may read it',
    ref: null,
    conf: `${TALK}\nuser = nobody\numask = 077`,
    steps: [until('x', 'RUNNING'), shellFact('owner and mode', 'stat -c "%U %a" out.log err.log')],
    shows: { 'owner and mode': 'root 644\nroot 644' },
    needsRoot: true,
  },
  {
    name: 'the log of the daemon on stdout, as in containers',
    ref: null,
    conf: `[supervisord]
logfile = /dev/stdout
logfile_maxbytes = 0
${TALK}`,
    steps: [until('x', 'RUNNING'), ctl('status x'), daemonNow],
    shows: { 'states of x': 'STARTING RUNNING', 'daemon now': 'runs' },
  },
  {
    name: 'the log of the daemon in /dev/null',
    ref: null,
    conf: `[supervisord]
logfile = /dev/null
logfile_maxbytes = 0
user = ${userInfo().username}
${TALK}`,
    steps: [
      until('x', 'RUNNING'),
      ctl('status x'),
      shellFact('a device', 'test -c /dev/null && echo yes'),
    ],
    shows: { 'states of x': 'STARTING RUNNING', 'a device': 'yes' },
  },
  {
    name: 'a log is appended to over restarts',
    ref: null,
    conf: TALK,
    files: { 'out.log': 'from before\n' },
    steps: [until('x', 'RUNNING'), ctl('restart x')],
    observe: [file('out.log')],
    shows: { 'file out.log': 'from before\nto stdout\nto stdout' },
  },
  {
    name: 'a log that was removed or moved, and a restart',
    ref: null,
    conf: TALK,
    steps: [
      until('x', 'RUNNING'),
      shell('rm out.log; mv err.log moved.log'),
      ctl('restart x'),
      untilFile('err.log', 'to stderr'),
    ],
    observe: [file('out.log'), file('err.log'), file('moved.log')],
    shows: {
      'file out.log': 'to stdout',
      'file err.log': 'to stderr',
      'file moved.log': 'to stderr',
    },
  },
  {
    name: 'AUTO logs that were removed, and a restart',
    ref: null,
    conf: '[program:x]\ncommand = {probes}/talk.sh',
    steps: [
      until('x', 'RUNNING'),
      shell('rm auto/*'),
      ctl('restart x'),
      ctl('tail x'),
      ctl('tail x stderr'),
    ],
    shows: { '$ tail x': 'exit 0\nto stdout', '$ tail x stderr': 'exit 0\nto stderr' },
  },
  {
    name: 'redirect_stderr',
    ref: 51,
    conf: `[program:x]\ncommand = {probes}/talk.sh\n${LOGS}\nredirect_stderr = true`,
    steps: [until('x', 'RUNNING'), untilFile('out.log', 'stderr'), ctl('tail x stderr')],
    observe: [file('out.log'), file('err.log')],
    shows: { 'file out.log': 'to stdout\nto stderr', 'file err.log': '(missing)' },
  },
  {
    name: 'redirect_stderr with AUTO logs',
    ref: null,
    conf: '[program:x]\ncommand = {probes}/talk.sh\nredirect_stderr = true',
    steps: [
      until('x', 'RUNNING'),
      ctl('tail x'),
      ctl('tail x stderr'),
      shellFact('logs', 'ls auto | wc -l'),
    ],
    shows: { '$ tail x': 'exit 0\nto stdout\nto stderr', logs: '1' },
  },
  {
    name: 'NONE: there is no log, and tail says so',
    ref: 52,
    conf: `[program:x]
command = {probes}/talk.sh
stdout_logfile = NONE
stderr_logfile = off`,
    steps: [until('x', 'RUNNING'), ctl('tail x'), ctl('tail x stderr')],
    observe: [names('auto')],
    shows: { '$ tail x': 'exit 1\nx: ERROR (no log file)', 'names in auto': '' },
  },
  {
    name: 'AUTO logs',
    ref: null,
    conf: '[program:x]\ncommand = {probes}/talk.sh',
    steps: [until('x', 'RUNNING'), ctl('tail x'), ctl('tail x stderr')],
    observe: [names('auto')],
    shows: { 'names in auto': /^x-stderr---supervisor-\w+\.log x-stdout---/ },
    onPurpose: [
      {
        fact: 'names in auto',
        ours: 'x-stderr.log x-stdout.log',
        see: 'the log of a crash is wanted after the restart',
      },
    ],
  },
  rotation(
    'rotation by size',
    'stdout_logfile_maxbytes = 1000\nstdout_logfile_backups = 3',
    /out\.log\.3$/,
  ),
  rotation(
    'rotation that keeps one',
    'stdout_logfile_maxbytes = 1KB\nstdout_logfile_backups = 1',
    /out\.log\.1$/,
  ),
  rotation(
    'rotation that keeps none',
    'stdout_logfile_maxbytes = 1000\nstdout_logfile_backups = 0',
    /^\d+ out\.log$/,
  ),
  rotation('no rotation at 0', 'stdout_logfile_maxbytes = 0', /^7200 out\.log$/),
  rotation(
    'rotation far above what is written',
    'stdout_logfile_maxbytes = 1MB',
    /^7200 out\.log$/,
  ),
  {
    name: 'a log that is too large already when the program starts',
    ref: null,
    conf: `[program:x]
command = {probes}/talk.sh
stdout_logfile = {dir}/out.log
stdout_logfile_maxbytes = 100
stdout_logfile_backups = 2`,
    files: { 'out.log': `${'before '.repeat(40)}\n` },
    steps: [until('x', 'RUNNING'), sizes],
    shows: { sizes: /out\.log/ },
  },
  {
    name: 'two programs with one log',
    ref: null,
    conf: `[program:x]
command = sh -c "echo one; exec sleep 1000"
stdout_logfile = {dir}/out.log
[program:y]
command = sh -c "sleep 0.5; echo two; exec sleep 1000"
stdout_logfile = {dir}/out.log`,
    steps: [until('y', 'RUNNING'), untilFile('out.log', 'two')],
    observe: [file('out.log')],
    shows: { 'file out.log': 'one\ntwo' },
  },
  {
    name: '/dev/stdout goes to the stdout of the daemon',
    ref: null,
    conf: `[program:x]
command = {probes}/talk.sh
stdout_logfile = /dev/stdout
stdout_logfile_maxbytes = 0
stderr_logfile = /dev/stderr
stderr_logfile_maxbytes = 0`,
    steps: [
      until('x', 'RUNNING'),
      shellFact('on stdout', 'grep -c "^to stdout" daemon.stdout'),
      shellFact('on stderr', 'grep -c "^to stderr" daemon.stderr'),
    ],
    shows: { 'on stdout': '1', 'on stderr': '1' },
  },
  {
    name: '/dev/null as a log',
    ref: null,
    conf: '[program:x]\ncommand = {probes}/talk.sh\nstdout_logfile = /dev/null\nstderr_logfile = /dev/null',
    steps: [until('x', 'RUNNING'), shellFact('it is still there', 'test -c /dev/null && echo yes')],
    shows: { 'states of x': 'STARTING RUNNING', 'it is still there': 'yes' },
  },
  {
    name: 'a log that is a fifo',
    ref: null,
    conf: '[program:x]\ncommand = {probes}/talk.sh\nstdout_logfile = {dir}/out.fifo\nstdout_logfile_maxbytes = 0\nautostart = false',
    steps: [
      shell('mkfifo out.fifo; cat out.fifo >copy </dev/null 2>&1 & sleep 0.2'),
      ctl('start x'),
      ctl('status x'),
    ],
    shows: { '$ start x': /./ },
  },
  {
    name: 'syslog beside a file',
    ref: null,
    conf: `${TALK}\nstdout_syslog = true\nstderr_syslog = true`,
    steps: [until('x', 'RUNNING'), untilFile('err.log', 'stderr')],
    observe: [file('out.log'), file('err.log')],
    shows: { 'file out.log': 'to stdout', 'file err.log': 'to stderr' },
  },
  {
    name: 'syslog in place of a file',
    ref: null,
    conf: '[program:x]\ncommand = {probes}/talk.sh\nstdout_logfile = syslog\nstderr_logfile = syslog',
    steps: [until('x', 'RUNNING'), ctl('tail x')],
    observe: [names('auto')],
    shows: { 'names in auto': '', '$ tail x': 'exit 1\nx: ERROR (no log file)' },
  },
  {
    name: 'strip_ansi takes escape sequences out',
    ref: null,
    conf: `[supervisord]
strip_ansi = true
[program:x]
command = sh -c "printf '\\033[31mred\\033[0m and \\033[1;32mgreen\\033[0m\\n'; exec sleep 1000"
stdout_logfile = {dir}/out.log`,
    steps: [until('x', 'RUNNING'), untilFile('out.log', 'green')],
    observe: [file('out.log')],
    shows: { 'file out.log': 'red and green' },
  },
  {
    name: 'without strip_ansi they stay',
    ref: null,
    conf: `[program:x]
command = sh -c "printf '\\033[31mred\\033[0m\\n'; exec sleep 1000"
stdout_logfile = {dir}/out.log`,
    steps: [until('x', 'RUNNING'), untilFile('out.log', 'red')],
    observe: [file('out.log')],
    shows: { 'file out.log': '\u001b[31mred\u001b[0m' },
  },
  {
    name: 'output without a line end, and the last words of a program',
    ref: null,
    conf: `[program:x]
command = sh -c "printf half; sleep 1.5; printf last; exit 0"
stdout_logfile = {dir}/out.log`,
    steps: [until('x', 'EXITED'), untilFile('out.log', 'last')],
    observe: [file('out.log')],
    shows: { 'file out.log': 'halflast' },
  },
  {
    name: 'a megabyte in one go',
    ref: null,
    conf: `[program:x]
command = sh -c "head -c 1000000 /dev/zero | tr '\\\\000' x; exec sleep 1000"
stdout_logfile = {dir}/out.log`,
    steps: [until('x', 'RUNNING'), sizes],
    shows: { sizes: '1000000 out.log' },
  },
  {
    name: 'bytes that are not text arrive as they are',
    ref: null,
    conf: `[program:x]
command = sh -c "printf '\\\\377\\\\000\\\\001'; exec sleep 1000"
stdout_logfile = {dir}/out.log`,
    steps: [until('x', 'RUNNING'), shellFact('bytes', 'od -An -tx1 out.log | tr -d " "')],
    shows: { bytes: /^ff/ },
  },
];
