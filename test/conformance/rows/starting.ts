/**
 * How programs come up, and fail to. Where a program ends before startsecs, startsecs is 2: at 1
 * the pass of Supervisor's loop that would reap it may first call it RUNNING.
 */
import { DIRECTORY, EXECUTED, namedError, RELATIVE } from '../named-error.ts';
import type { Row } from '../row.ts';
import { ctl, daemonNow, ever, pause, shell, shellFact, signalProcess, until } from '../steps.ts';

const FOUND_OUT = 'is found out before';

const AGAIN_AND_AGAIN = 'STARTING BACKOFF STARTING BACKOFF STARTING BACKOFF STARTING BACKOFF FATAL';

export const STARTING: readonly Row[] = [
  {
    name: 'a program with nothing but defaults',
    ref: 1,
    conf: '[program:x]\ncommand = sleep 1000',
    steps: [until('x', 'RUNNING')],
    shows: { 'states of x': 'STARTING RUNNING', 'gaps of x': /^[12]\.\d$/ },
  },
  {
    name: 'startsecs 0 is RUNNING at once',
    ref: 2,
    conf: '[program:x]\ncommand = sleep 1000\nstartsecs = 0',
    steps: [until('x', 'RUNNING')],
    shows: { 'states of x': 'STARTING RUNNING', 'gaps of x': /^0\.\d$/ },
  },
  {
    name: 'startsecs 3',
    ref: null,
    conf: '[program:x]\ncommand = sleep 1000\nstartsecs = 3',
    steps: [until('x', 'RUNNING')],
    shows: { 'states of x': 'STARTING RUNNING', 'gaps of x': /^[34]\.\d$/ },
  },
  {
    name: 'a program that ends at once, startsecs 1, three retries',
    ref: 3,
    conf: '[program:x]\ncommand = sh -c "exit 0"\nstartsecs = 1\nstartretries = 3',
    steps: [pause(9)],
    ignore: /^endings of/,
    shows: { 'states of x': /^STARTING (BACKOFF|RUNNING EXITED)/ },
    onPurpose: [{ fact: 'states of x', ours: AGAIN_AND_AGAIN, see: 'is always a failed start' }],
  },
  {
    name: 'a program that ends at once, startsecs 2, three retries',
    ref: null,
    conf: '[program:x]\ncommand = sh -c "exit 3"\nstartsecs = 2',
    steps: [until('x', 'FATAL')],
    shows: {
      'states of x': AGAIN_AND_AGAIN,
      'endings of x': '3 3 3 3',
      'spawn errors of x': 'Exited too quickly',
    },
  },
  {
    name: 'a program that is killed before startsecs',
    ref: null,
    conf: '[program:x]\ncommand = sh -c "kill -SEGV $$"\nstartsecs = 2\nstartretries = 1',
    steps: [until('x', 'FATAL')],
    shows: {
      'states of x': 'STARTING BACKOFF STARTING BACKOFF FATAL',
      'endings of x': 'SIGSEGV SIGSEGV',
    },
  },
  {
    name: 'startretries 0 goes straight to FATAL',
    ref: null,
    conf: '[program:x]\ncommand = false\nstartsecs = 2\nstartretries = 0',
    steps: [until('x', 'FATAL'), pause(1.5)],
    shows: { 'states of x': 'STARTING BACKOFF FATAL' },
  },
  {
    name: 'an expected exit code before startsecs is a failure all the same',
    ref: null,
    conf: `[program:x]
command = sh -c "exit 7"
exitcodes = 0,7
startsecs = 2
startretries = 1
autorestart = false`,
    steps: [until('x', 'FATAL')],
    shows: { 'states of x': 'STARTING BACKOFF STARTING BACKOFF FATAL' },
  },
  {
    name: 'startsecs 0: any end goes through RUNNING',
    ref: null,
    conf: `[program:x]
command = sh -c "exit 0"
startsecs = 0
[program:y]
command = sh -c "exit 3"
startsecs = 0
autorestart = false`,
    steps: [until('x', 'EXITED'), until('y', 'EXITED'), pause(1.5)],
    shows: {
      'states of x': 'STARTING RUNNING EXITED',
      'states of y': 'STARTING RUNNING EXITED',
      'endings of y': '3',
    },
  },
  {
    name: 'startsecs 0, autorestart true, a program that fails at once is never FATAL',
    ref: 13,
    conf: `[program:x]
command = sh -c "echo run >>{dir}/runs; exit 1"
startsecs = 0
autorestart = true`,
    steps: [
      pause(6),
      shellFact('it was run several times', '[ $(wc -l <runs) -gt 3 ] && echo yes'),
    ],
    observe: [ever('x', 'FATAL')],
    ignore: /^(states|endings|spawn errors) of/,
    shows: { 'x ever FATAL': 'no', 'it was run several times': 'yes' },
  },
  {
    name: 'a command that is not there, at boot',
    ref: 5,
    conf: '[program:x]\ncommand = {dir}/nowhere --flag',
    steps: [until('x', 'FATAL')],
    shows: {
      'states of x': AGAIN_AND_AGAIN,
      'spawn errors of x': "can't find command '{dir}/nowhere'",
    },
  },
  {
    name: 'a command that is nowhere on the PATH',
    ref: null,
    conf: '[program:x]\ncommand = no-such-program-here\nstartretries = 1',
    steps: [until('x', 'FATAL'), ctl('status x')],
    shows: { 'spawn errors of x': "can't find command 'no-such-program-here'" },
  },
  {
    name: 'a command that is not there, started by hand',
    ref: 6,
    conf: '[program:x]\ncommand = {dir}/nowhere\nautostart = false',
    steps: [ctl('start x'), ctl('status x')],
    shows: { '$ start x': 'exit 1\nx: ERROR (no such file)' },
  },
  {
    name: 'a command that may not be executed, started by hand',
    ref: 7,
    conf: '[program:x]\ncommand = {dir}/plain.txt\nautostart = false',
    files: { 'plain.txt': 'not a program\n' },
    steps: [ctl('start x'), ctl('status x')],
    shows: { '$ start x': 'exit 1\nx: ERROR (file is not executable)' },
  },
  {
    name: 'a command that may not be executed, at boot',
    ref: null,
    conf: '[program:x]\ncommand = {dir}/plain.txt\nstartretries = 1',
    files: { 'plain.txt': 'not a program\n' },
    steps: [until('x', 'FATAL'), ctl('status x')],
    shows: { 'spawn errors of x': "command at '{dir}/plain.txt' is not executable" },
  },
  {
    name: 'a command that is a directory',
    ref: null,
    conf: '[program:x]\ncommand = {dir}/shared\nstartretries = 0\n[program:y]\ncommand = {dir}/auto\nautostart = false',
    steps: [until('x', 'FATAL'), ctl('start y')],
    shows: { 'spawn errors of x': "command at '{dir}/shared' is a directory" },
  },
  {
    name: 'a quote that is not closed',
    ref: 8,
    conf: '[program:x]\ncommand = sleep "1000\nstartretries = 1',
    steps: [until('x', 'FATAL'), ctl('start x')],
    shows: { 'spawn errors of x': /^can't parse command / },
  },
  {
    name: 'an empty command',
    ref: null,
    conf: '[program:x]\ncommand =\nstartretries = 0',
    steps: [pause(2), daemonNow],
    ignore: /^(states|endings|spawn errors|gaps) of/,
    shows: { 'daemon now': 'runs', 'spawn errors of x': 'command is empty' },
    onPurpose: ['daemon starts', 'daemon now'].map((fact) => ({
      fact,
      ours: 'exit 2',
      see: 'an empty `command` or `directory`',
    })),
  },
  {
    name: 'a script without #! that may be executed',
    ref: null,
    conf: '[program:x]\ncommand = {dir}/script\nstartretries = 0\nstartsecs = 2\nstderr_logfile = {dir}/err.log',
    files: { script: 'sleep 1000\n' },
    steps: [
      until('x', 'FATAL'),
      shell('chmod +x script'),
      ctl('start x'),
      shellFact('what is said of it', 'grep -c "ENOEXEC\\|Exec format error" err.log'),
    ],
    shows: { '$ start x': /ERROR \(spawn error\)|abnormal termination/ },
    onPurpose: [
      { fact: '$ start x', ours: 'exit 1\nx: ERROR (file is not executable)', see: FOUND_OUT },
      { fact: 'what is said of it', ours: /No such file/, see: FOUND_OUT },
      { fact: 'states of x', ours: 'STARTING BACKOFF FATAL', see: FOUND_OUT },
      { fact: 'endings of x', ours: '', see: FOUND_OUT },
      {
        fact: 'spawn errors of x',
        ours: "command at '{dir}/script' is not executable",
        see: FOUND_OUT,
      },
    ],
  },
  {
    name: 'a script whose interpreter is not there',
    ref: null,
    conf: '[program:x]\ncommand = {dir}/script\nstartretries = 1\nstartsecs = 2',
    files: { script: '#!/nowhere/interpreter\n' },
    steps: [until('x', 'FATAL')],
    shows: {
      'states of x': 'STARTING BACKOFF STARTING BACKOFF FATAL',
      'endings of x': '127 127',
    },
    onPurpose: namedError({
      error: "couldn't exec {dir}/script: ENOENT",
      endings: '127 127',
      see: EXECUTED,
    }),
  },
  {
    name: 'a program that goes to the background',
    ref: null,
    conf: '[program:x]\ncommand = sh -c "sleep 1000 & exit 0"\nstartsecs = 2\nstartretries = 1',
    steps: [until('x', 'FATAL')],
    shows: { 'states of x': 'STARTING BACKOFF STARTING BACKOFF FATAL', 'endings of x': '0 0' },
  },
  {
    name: 'a program that makes a session of its own',
    ref: null,
    conf: '[program:x]\ncommand = python3 -c "import os, time; os.fork() or os.setsid(); time.sleep(1000)"',
    steps: [until('x', 'RUNNING'), ctl('stop x')],
    shows: { 'states of x': 'STARTING RUNNING STOPPING STOPPED', 'endings of x': 'SIGTERM' },
  },
  {
    name: 'a directory that is not there',
    ref: null,
    conf: `[program:x]
command = sleep 1000
directory = {dir}/nowhere
startsecs = 2
startretries = 1
stderr_logfile = {dir}/err.log`,
    steps: [
      until('x', 'FATAL'),
      shellFact('named in the log', 'grep -c "chdir to {dir}/nowhere: ENOENT" err.log'),
    ],
    shows: { 'states of x': 'STARTING BACKOFF STARTING BACKOFF FATAL', 'named in the log': '2' },
    onPurpose: namedError({
      error: "couldn't chdir to {dir}/nowhere: ENOENT",
      endings: '',
      see: DIRECTORY,
    }),
  },
  {
    name: 'a command that is found in the PATH of the program',
    ref: null,
    conf: `[program:x]
command = my-own-program
environment = PATH="{dir}/own:/usr/bin:/bin"`,
    files: { 'own/my-own-program': '#!/bin/sh\nexec sleep 1000\n' },
    steps: [until('x', 'RUNNING')],
    shows: { 'states of x': 'STARTING RUNNING' },
  },
  {
    name: 'a command with a relative path',
    ref: null,
    conf: '[program:x]\ncommand = own/program\ndirectory = {dir}/own\nstartretries = 0\nstartsecs = 2',
    files: { 'own/program': '#!/bin/sh\nexec sleep 1000\n' },
    steps: [pause(3.5), ctl('status x')],
    shows: { '$ status x': /FATAL/ },
    onPurpose: namedError({
      error: "can't find command 'own/program'",
      endings: '',
      see: RELATIVE,
    }),
  },
  {
    name: 'start of a program that fails says what it did',
    ref: null,
    conf: `[program:x]
command = sh -c "exit 4"
startsecs = 2
startretries = 1
autostart = false
[program:y]
command = sh -c "sleep 0.5; exit 4"
startsecs = 0
autostart = false
autorestart = false`,
    steps: [ctl('start x'), ctl('start y'), until('y', 'EXITED'), until('x', 'FATAL')],
    shows: { '$ start x': 'exit 7\nx: ERROR (spawn error)', '$ start y': 'exit 0\ny: started' },
  },
  {
    name: 'start out of FATAL tries anew',
    ref: null,
    conf: '[program:x]\ncommand = {probes}/once.sh {dir}/ran 3 0.1\nstartsecs = 2\nstartretries = 0',
    steps: [until('x', 'FATAL'), ctl('start x')],
    shows: { 'states of x': 'STARTING BACKOFF FATAL STARTING RUNNING' },
  },
  {
    name: 'start during BACKOFF',
    ref: null,
    conf: '[program:x]\ncommand = {probes}/once.sh {dir}/ran 3 0.1\nstartsecs = 2\nstartretries = 5',
    steps: [until('x', 'BACKOFF'), ctl('start x'), until('x', 'RUNNING')],
    shows: { 'states of x': 'STARTING BACKOFF STARTING RUNNING' },
  },
  {
    name: 'start of what runs, and of nothing that is known',
    ref: null,
    conf: '[program:x]\ncommand = sleep 1000',
    steps: [until('x', 'RUNNING'), ctl('start x'), ctl('start nobody')],
    shows: {
      '$ start x': 'exit 0\nx: ERROR (already started)',
      '$ start nobody': 'exit 1\nnobody: ERROR (no such process)',
    },
  },
  {
    name: 'start of what is STARTING already',
    ref: null,
    conf: '[program:x]\ncommand = sleep 1000\nstartsecs = 4',
    steps: [until('x', 'STARTING'), ctl('start x'), until('x', 'RUNNING')],
    shows: { '$ start x': 'exit 0\nx: ERROR (already started)' },
  },
  {
    name: 'autostart false stays down until it is asked for',
    ref: null,
    conf: '[program:x]\ncommand = sleep 1000\nautostart = false',
    steps: [pause(1.5), ctl('status'), ctl('start x'), ctl('status')],
    shows: { 'states of x': 'STARTING RUNNING', '$ status': /STOPPED +Not started/ },
  },
  {
    name: 'a program whose child is killed during STARTING',
    ref: null,
    conf: '[program:x]\ncommand = {probes}/once.sh {dir}/ran KILL 0.5\nstartsecs = 2',
    steps: [until('x', 'RUNNING')],
    shows: { 'states of x': 'STARTING BACKOFF STARTING RUNNING', 'endings of x': 'SIGKILL' },
  },
  {
    name: 'ten processes of one program',
    ref: null,
    conf: '[program:x]\ncommand = sleep 1000\nnumprocs = 10\nprocess_name = %(process_num)02d',
    steps: [until('x:09', 'RUNNING'), ctl('status')],
    shows: { '$ status': /x:00 +RUNNING +pid N, uptime T\n/ },
  },
  {
    name: 'a pid that is killed by somebody else comes back',
    ref: 14,
    conf: '[program:x]\ncommand = sleep 1000',
    steps: [until('x', 'RUNNING'), signalProcess('x', 'SIGKILL'), until('x', 'RUNNING', 2)],
    shows: {
      'states of x': 'STARTING RUNNING EXITED STARTING RUNNING',
      'endings of x': 'SIGKILL',
    },
  },
];
