import type { Row } from '../row.ts';
import { ctl, ever, pause, shellFact, signalProcess, until } from '../steps.ts';

const _FOUND_OUT = 'is found out before';

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
    name: 'a program that makes a session of its own',
    ref: null,
    conf: '[program:x]\ncommand = python3 -c "import os, time; os.fork() or os.setsid(); time.sleep(1000)"',
    steps: [until('x', 'RUNNING'), ctl('stop x')],
    shows: { 'states of x': 'STARTING RUNNING STOPPING STOPPED', 'endings of x': 'SIGTERM' },
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
    onPurpose: [
      { fact: '$ start x', ours: 'exit 0\nx: started', see: 'waits for what is under way' },
    ],
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
