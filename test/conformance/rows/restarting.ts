/** What comes back after it has ended, and what does not: autorestart by kind of exit. */
import type { Row } from '../row.ts';
import { ctl, pause, signalProcess, until } from '../steps.ts';

const AUTORESTART = ['true', 'false', 'unexpected'] as const;

/** In `exitcodes` below are 0 and 3. */
const ENDS = ['0', '3', '9', '255', 'KILL', 'TERM', 'SEGV'] as const;

/** One row for each setting: a program for each way to end, and each runs on once it is back. */
const matrix: readonly Row[] = AUTORESTART.map((autorestart) => ({
  name: `autorestart ${autorestart}: which ends bring a program back`,
  ref: null,
  conf: ENDS.map(
    (end) => `[program:x${end}]
command = {probes}/once.sh {dir}/ran${end} ${end}
exitcodes = 0,3
autorestart = ${autorestart}
`,
  ).join(''),
  steps: [pause(6.5), ctl('status')],
  shows: {
    'states of x9':
      autorestart === 'false'
        ? 'STARTING RUNNING EXITED'
        : 'STARTING RUNNING EXITED STARTING RUNNING',
    'endings of xKILL': 'SIGKILL',
  },
}));

export const RESTARTING: readonly Row[] = [
  {
    name: 'exit 3 is expected by exitcodes 0,3: no restart',
    ref: 9,
    conf: `[program:x]
command = {probes}/once.sh {dir}/ran 3
exitcodes = 0,3
autorestart = unexpected`,
    steps: [until('x', 'EXITED'), pause(2), ctl('status x')],
    shows: { 'states of x': 'STARTING RUNNING EXITED', 'endings of x': '3' },
  },
  {
    name: 'autorestart true: exit 0 brings it back',
    ref: 11,
    conf: '[program:x]\ncommand = {probes}/once.sh {dir}/ran 0\nautorestart = true',
    steps: [until('x', 'RUNNING', 2)],
    shows: { 'states of x': 'STARTING RUNNING EXITED STARTING RUNNING', 'endings of x': '0' },
  },
  {
    name: 'autorestart false: exit 9 stays',
    ref: 12,
    conf: '[program:x]\ncommand = {probes}/once.sh {dir}/ran 9\nautorestart = false',
    steps: [until('x', 'EXITED'), pause(2), ctl('status x')],
    shows: { 'states of x': 'STARTING RUNNING EXITED', 'endings of x': '9' },
  },
  ...matrix,
  {
    name: 'exitcodes empty: no exit code is expected',
    ref: null,
    conf: '[program:x]\ncommand = {probes}/once.sh {dir}/ran 0\nexitcodes =',
    steps: [until('x', 'RUNNING', 2)],
    shows: { 'states of x': 'STARTING RUNNING EXITED STARTING RUNNING' },
  },
  {
    name: 'start of what has EXITED runs it again',
    ref: null,
    conf: '[program:x]\ncommand = {probes}/once.sh {dir}/ran 0',
    steps: [until('x', 'EXITED'), ctl('start x'), ctl('status x')],
    shows: { 'states of x': 'STARTING RUNNING EXITED STARTING RUNNING' },
  },
  {
    name: 'stop of what has EXITED changes nothing',
    ref: null,
    conf: '[program:x]\ncommand = {probes}/once.sh {dir}/ran 0',
    steps: [until('x', 'EXITED'), ctl('stop x'), ctl('status x')],
    shows: { '$ stop x': 'exit 0\nx: ERROR (not running)' },
  },
  {
    name: 'three crashes after good starts are three restarts',
    ref: null,
    conf: '[program:x]\ncommand = sleep 1000\nstartsecs = 0',
    steps: [
      until('x', 'RUNNING'),
      signalProcess('x', 'SIGTERM'),
      until('x', 'RUNNING', 2),
      signalProcess('x', 'SIGHUP'),
      until('x', 'RUNNING', 3),
      signalProcess('x', 'SIGABRT'),
      until('x', 'RUNNING', 4),
    ],
    shows: { 'endings of x': 'SIGTERM SIGHUP SIGABRT' },
  },
];
