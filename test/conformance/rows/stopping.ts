/** How programs are stopped: signals, groups, patience, and what is left alive. */
import type { Row } from '../row.ts';
import {
  ctl,
  ctlMeanwhile,
  file,
  pause,
  shellFact,
  signalProcess,
  until,
  untilFile,
} from '../steps.ts';

const STOPPED = 'STARTING RUNNING STOPPING STOPPED';

/** One that has ended may wait as a zombie for an init that does not care. */
const IS_ALIVE =
  'grep -q "^State:.*[RSD] " /proc/$(cat child)/status 2>/dev/null && echo alive || echo gone';

/** The kernel takes a moment to end a whole group. */
const aliveAfterStop = shellFact('the child of the program', `sleep 0.3; ${IS_ALIVE}`);

/** Which signal arrives, for one way of writing stopsignal. */
const stopsignal = (written: string, name: string): Row => ({
  name: `stopsignal ${written}`,
  ref: written === 'INT' ? 19 : null,
  conf: `[program:x]
command = {probes}/signals.sh {dir}/signals ${name}
stopsignal = ${written}`,
  steps: [until('x', 'RUNNING'), ctl('stop x')],
  observe: [file('signals')],
  shows: { 'file signals': name, 'states of x': STOPPED, 'endings of x': '0' },
});

export const STOPPING: readonly Row[] = [
  {
    name: 'stop of a program that runs',
    ref: 15,
    conf: '[program:x]\ncommand = sleep 1000\nautorestart = true',
    steps: [until('x', 'RUNNING'), ctl('stop x'), pause(1.5), ctl('status x')],
    shows: { 'states of x': STOPPED, 'endings of x': 'SIGTERM', '$ stop x': 'exit 0\nx: stopped' },
  },
  {
    name: 'stop in BACKOFF, then start',
    ref: 17,
    conf: '[program:x]\ncommand = sh -c "exit 3"\nstartsecs = 2\nstartretries = 2',
    steps: [until('x', 'BACKOFF', 2), ctl('stop x'), ctl('start x'), until('x', 'FATAL')],
    ignore: /^endings of/,
    shows: {
      'states of x': 'STARTING BACKOFF STARTING BACKOFF STOPPED STARTING BACKOFF FATAL',
      '$ stop x': 'exit 0\nx: stopped',
    },
    onPurpose: [
      {
        fact: 'states of x',
        ours: 'STARTING BACKOFF STARTING BACKOFF STOPPED STARTING BACKOFF STARTING BACKOFF STARTING BACKOFF FATAL',
        see: 'begins with none',
      },
    ],
  },
  {
    name: 'stop during STARTING',
    ref: null,
    conf: '[program:x]\ncommand = sleep 1000\nstartsecs = 30',
    steps: [until('x', 'STARTING'), ctl('stop x'), pause(1.5)],
    shows: { 'states of x': 'STARTING STOPPING STOPPED', 'endings of x': 'SIGTERM' },
  },
  {
    name: 'TERM is ignored: KILL after stopwaitsecs',
    ref: 18,
    conf: `[program:x]
command = sh -c "trap '' TERM; while :; do sleep 0.2; done"
stopwaitsecs = 3`,
    steps: [until('x', 'RUNNING'), ctl('stop x')],
    shows: { 'states of x': STOPPED, 'endings of x': 'SIGKILL', 'gaps of x': /[34]\.\d$/ },
  },
  {
    name: 'stopwaitsecs 0',
    ref: null,
    conf: `[program:x]
command = sh -c "trap '' TERM; while :; do sleep 0.2; done"
stopwaitsecs = 0`,
    steps: [until('x', 'RUNNING'), ctl('stop x')],
    shows: { 'states of x': STOPPED, 'endings of x': 'SIGKILL' },
  },
  stopsignal('INT', 'INT'),
  stopsignal('SIGQUIT', 'QUIT'),
  stopsignal('hup', 'HUP'),
  stopsignal('10', 'USR1'),
  stopsignal('sigusr2', 'USR2'),
  {
    name: 'stopsignal KILL',
    ref: null,
    conf: '[program:x]\ncommand = {probes}/signals.sh {dir}/signals\nstopsignal = KILL',
    steps: [until('x', 'RUNNING'), ctl('stop x')],
    observe: [file('signals')],
    shows: { 'endings of x': 'SIGKILL', 'file signals': '(missing)' },
  },
  {
    name: 'a program that ends with 3 when it is stopped',
    ref: null,
    conf: `[program:x]
command = sh -c "trap 'exit 3' TERM; while :; do sleep 0.1; done"
autorestart = true`,
    steps: [until('x', 'RUNNING'), ctl('stop x'), pause(1.5), ctl('status x')],
    shows: { 'states of x': STOPPED, 'endings of x': '3' },
  },
  {
    name: 'start while it is STOPPING',
    ref: 20,
    conf: '[program:x]\ncommand = {probes}/order.sh x {dir}/order 6',
    steps: [
      until('x', 'RUNNING'),
      ctlMeanwhile('stop x'),
      until('x', 'STOPPING'),
      ctl('start x'),
      until('x', 'STOPPED'),
    ],
    ignore: /^\$ stop x &|^gaps/,
    shows: { '$ start x': 'exit 7\nx: ERROR (abnormal termination)', 'states of x': STOPPED },
    onPurpose: [
      { fact: '$ start x', ours: 'exit 0\nx: started', see: 'waits for the end, then starts' },
      {
        fact: 'states of x',
        ours: `${STOPPED} STARTING RUNNING`,
        see: 'waits for the end, then starts',
      },
    ],
  },
  {
    name: 'stop while it is STOPPING',
    ref: null,
    conf: '[program:x]\ncommand = {probes}/order.sh x {dir}/order 6',
    steps: [until('x', 'RUNNING'), ctlMeanwhile('stop x'), until('x', 'STOPPING'), ctl('stop x')],
    ignore: /^gaps/,
    shows: { 'states of x': STOPPED },
  },
  {
    name: 'a child of the program survives stop',
    ref: 22,
    conf: '[program:x]\ncommand = {probes}/family.sh {dir}/child',
    steps: [until('x', 'RUNNING'), ctl('stop x'), aliveAfterStop],
    shows: { 'the child of the program': 'alive', 'states of x': STOPPED },
  },
  {
    name: 'stopasgroup ends the child, too',
    ref: 23,
    conf: '[program:x]\ncommand = {probes}/family.sh {dir}/child\nstopasgroup = true',
    steps: [until('x', 'RUNNING'), ctl('stop x'), aliveAfterStop],
    shows: { 'the child of the program': 'gone', 'states of x': STOPPED },
  },
  {
    name: 'killasgroup: the group is gone after KILL',
    ref: 24,
    conf: `[program:x]
command = {probes}/family.sh {dir}/child stubborn
killasgroup = true
stopwaitsecs = 2`,
    steps: [until('x', 'RUNNING'), ctl('stop x'), aliveAfterStop],
    shows: { 'the child of the program': 'gone', 'endings of x': 'SIGKILL' },
  },
  {
    name: 'without killasgroup the child survives KILL',
    ref: null,
    conf: `[program:x]
command = {probes}/family.sh {dir}/child stubborn
stopwaitsecs = 1`,
    steps: [until('x', 'RUNNING'), ctl('stop x'), aliveAfterStop],
    shows: { 'the child of the program': 'alive', 'endings of x': 'SIGKILL' },
  },
  {
    name: 'stopasgroup brings killasgroup with it',
    ref: null,
    conf: `[program:x]
command = {probes}/family.sh {dir}/child stubborn
stopasgroup = true
stopwaitsecs = 1`,
    steps: [until('x', 'RUNNING'), ctl('stop x'), aliveAfterStop],
    shows: { 'the child of the program': 'gone', 'endings of x': 'SIGKILL' },
  },
  {
    name: 'a child in a session of its own survives stopasgroup',
    ref: null,
    conf: `[program:x]
command = sh -c "setsid sh -c 'echo $$ >{dir}/child; exec sleep 1000' & wait"
stopasgroup = true`,
    steps: [until('x', 'RUNNING'), ctl('stop x'), aliveAfterStop],
    shows: { 'the child of the program': 'alive' },
  },
  {
    name: 'stop while a grandchild holds stdout open',
    ref: null,
    conf: `[program:x]
command = sh -c "sleep 1000 & echo $! >{dir}/child; echo hello; wait"
stdout_logfile = {dir}/out.log`,
    steps: [until('x', 'RUNNING'), ctl('stop x'), aliveAfterStop, ctl('start x')],
    observe: [file('out.log')],
    shows: { 'states of x': `${STOPPED} STARTING RUNNING`, 'file out.log': 'hello\nhello' },
  },
  {
    name: 'a program that is stopped by SIGSTOP',
    ref: null,
    conf: '[program:x]\ncommand = sleep 1000\nstopwaitsecs = 2',
    steps: [
      until('x', 'RUNNING'),
      signalProcess('x', 'SIGSTOP'),
      pause(1),
      ctl('status x'),
      ctl('stop x'),
    ],
    shows: { 'states of x': STOPPED, 'endings of x': 'SIGKILL' },
  },
  {
    name: 'stop of what does not run, and of nothing that is known',
    ref: null,
    conf: '[program:x]\ncommand = sleep 1000\nautostart = false',
    steps: [ctl('stop x'), ctl('stop nobody'), ctl('stop nobody:*')],
    shows: { '$ stop x': 'exit 0\nx: ERROR (not running)' },
  },
  {
    name: 'restart of one program',
    ref: null,
    conf: '[program:x]\ncommand = {probes}/order.sh x {dir}/order 1',
    steps: [until('x', 'RUNNING'), ctl('restart x'), untilFile('order', 'gone x')],
    observe: [file('order')],
    shows: {
      '$ restart x': 'exit 0\nx: stopped\nx: started',
      'states of x': `${STOPPED} STARTING RUNNING`,
    },
  },
  {
    name: 'restart of what does not run',
    ref: null,
    conf: '[program:x]\ncommand = sleep 1000\nautostart = false',
    steps: [ctl('restart x'), ctl('status x')],
    shows: { '$ restart x': 'exit 0\nx: ERROR (not running)\nx: started' },
  },
  {
    name: 'restart of what has become FATAL',
    ref: null,
    conf: '[program:x]\ncommand = {probes}/once.sh {dir}/ran 3 0.1\nstartsecs = 2\nstartretries = 0',
    steps: [until('x', 'FATAL'), ctl('restart x')],
    shows: { '$ restart x': 'exit 0\nx: ERROR (not running)\nx: started' },
  },
];
