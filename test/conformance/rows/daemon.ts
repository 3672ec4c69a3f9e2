/** The daemon's own life: signals, a second one, its death, its files. */
import type { Row } from '../row.ts';
import {
  configure,
  ctl,
  ctlBrief,
  ctlCode,
  ctlMeanwhile,
  daemonEnds,
  daemonNow,
  pause,
  secondDaemon,
  shell,
  shellFact,
  signalDaemon,
  startDaemon,
  until,
} from '../steps.ts';

/** Writes its pid down, so that those who live can be counted. */
const COUNTED = '[program:x]\ncommand = sh -c "echo $$ >>{dir}/pids; exec sleep 1000"\n';

const howMany = (fact: string) =>
  shellFact(
    fact,
    'n=0; for p in $(cat pids); do grep -q "^State:.*[RSD] " /proc/$p/status 2>/dev/null && n=$((n+1)); done; echo $n',
  );

const ends = (signal: NodeJS.Signals): Row => ({
  name: `${signal} ends the daemon, and every process`,
  ref: null,
  conf: COUNTED,
  steps: [until('x', 'RUNNING'), signalDaemon(signal), daemonEnds, howMany('left alive')],
  shows: { 'daemon ends': 'exit 0', 'left alive': '0' },
});

export const DAEMON: readonly Row[] = [
  ends('SIGTERM'),
  ends('SIGINT'),
  ends('SIGQUIT'),
  {
    name: 'a second daemon with the same file',
    ref: 64,
    conf: '[program:x]\ncommand = sleep 1000',
    steps: [until('x', 'RUNNING'), secondDaemon, daemonNow, ctl('status')],
    shows: { 'second daemon': 'exit 2', 'daemon now': 'runs' },
  },
  {
    name: 'the daemon is killed, and started again',
    ref: 65,
    conf: COUNTED,
    steps: [
      until('x', 'RUNNING'),
      signalDaemon('SIGKILL'),
      daemonEnds,
      howMany('alive without a daemon'),
      startDaemon,
      pause(2.5),
      howMany('alive under the next one'),
      ctl('status x'),
    ],
    ignore: /^(states|gaps|endings)/,
    shows: { 'alive without a daemon': '1', 'alive under the next one': '2' },
    onPurpose: [
      {
        fact: 'alive under the next one',
        ours: '1',
        see: 'learns how those that ended meanwhile did, and starts nothing twice',
      },
    ],
  },
  {
    name: 'a program that ended while no daemon was there is started by the next',
    ref: null,
    conf: COUNTED,
    steps: [
      until('x', 'RUNNING'),
      signalDaemon('SIGKILL'),
      daemonEnds,
      shell('kill -9 $(cat pids)'),
      startDaemon,
      until('x', 'RUNNING', 2),
      howMany('alive'),
      ctl('status x'),
    ],
    ignore: /^(states|gaps|endings)/,
    shows: { alive: '1', '$ status x': /RUNNING/ },
  },
  {
    name: 'SIGTERM to the daemon while programs try, start and stop',
    ref: null,
    conf: `[program:trying]
command = {dir}/nowhere
startretries = 50
[program:starting]
command = sleep 1000
startsecs = 60
[program:stopping]
command = {probes}/order.sh x {dir}/order 3`,
    steps: [
      until('stopping', 'RUNNING'),
      until('trying', 'BACKOFF', 3),
      ctlMeanwhile('stop stopping'),
      until('stopping', 'STOPPING'),
      signalDaemon('SIGTERM'),
      daemonEnds,
    ],
    ignore: /^\$ stop|^gaps/,
    shows: {
      'daemon ends': 'exit 0',
      'states of starting': 'STARTING STOPPING STOPPED',
      'states of trying': /BACKOFF (STOPPED|FATAL)$/,
    },
  },
  {
    name: 'SIGHUP and a second SIGTERM while the daemon ends',
    ref: null,
    conf: '[program:x]\ncommand = {probes}/order.sh x {dir}/order 7',
    steps: [
      until('x', 'RUNNING'),
      signalDaemon('SIGTERM'),
      until('x', 'STOPPING'),
      signalDaemon('SIGHUP'),
      signalDaemon('SIGTERM'),
      ctlCode('start x'),
      ctlBrief('status'),
      daemonEnds,
    ],
    shows: { 'daemon ends': 'exit 0', 'states of x': 'STARTING RUNNING STOPPING STOPPED' },
    onPurpose: [
      { fact: '$ status', ours: 'exit 0\n(something)', see: '`status` while it shuts down' },
    ],
  },
  {
    name: 'SIGHUP',
    ref: null,
    conf: COUNTED,
    steps: [until('x', 'RUNNING'), signalDaemon('SIGHUP'), pause(6), daemonNow, howMany('alive')],
    ignore: /^(gaps|endings)/,
    shows: { 'states of x': 'STARTING RUNNING STOPPING STOPPED STARTING RUNNING', alive: '1' },
    onPurpose: [
      {
        fact: 'states of x',
        ours: 'STARTING RUNNING',
        see: 'is `reread` and `update`: touches only what changed',
      },
    ],
  },
  {
    name: 'SIGHUP takes up a new configuration',
    ref: null,
    conf: COUNTED,
    steps: [
      until('x', 'RUNNING'),
      configure('[program:y]\ncommand = sleep 1000'),
      signalDaemon('SIGHUP'),
      until('y', 'RUNNING'),
      ctl('status'),
    ],
    ignore: /^gaps/,
    shows: { '$ status': /^exit 0\ny +RUNNING/ },
  },
  {
    name: 'SIGHUP with a mistake in the file',
    ref: null,
    conf: COUNTED,
    steps: [
      until('x', 'RUNNING'),
      configure('[program:x]'),
      signalDaemon('SIGHUP'),
      pause(6),
      daemonNow,
      howMany('alive'),
    ],
    ignore: /^(states|gaps|endings)/,
    shows: { 'daemon now': 'exit 2', alive: '0' },
    onPurpose: [
      { fact: 'daemon now', ours: 'runs', see: 'nothing is stopped; the mistakes are told' },
      { fact: 'alive', ours: '1', see: 'nothing is stopped; the mistakes are told' },
    ],
  },
  {
    name: 'pid file and log of the daemon',
    ref: null,
    conf: COUNTED,
    steps: [
      until('x', 'RUNNING'),
      shellFact('pid file', 'test "$(cat supervisord.pid)" = {daemon} && echo right'),
      shellFact('log', 'test -s supervisord.log && echo yes'),
      signalDaemon('SIGTERM'),
      daemonEnds,
      shellFact('pid file afterwards', 'test -e supervisord.pid && echo there || echo gone'),
    ],
    shows: { 'pid file': 'right', log: 'yes', 'pid file afterwards': 'gone' },
  },
  {
    name: 'a socket that a killed daemon has left',
    ref: null,
    conf: '[program:x]\ncommand = sleep 1000',
    steps: [until('x', 'RUNNING'), signalDaemon('SIGKILL'), daemonEnds, startDaemon, ctl('pid')],
    ignore: /^(states|gaps|endings)/,
    shows: { 'daemon starts #2': 'ready', '$ pid': 'exit 0\nN' },
  },
  {
    name: 'a daemon that was stopped starts everything again',
    ref: null,
    conf: COUNTED,
    steps: [
      until('x', 'RUNNING'),
      signalDaemon('SIGTERM'),
      daemonEnds,
      startDaemon,
      until('x', 'RUNNING', 2),
      howMany('alive'),
    ],
    ignore: /^gaps/,
    shows: { alive: '1', 'states of x': 'STARTING RUNNING STOPPING STOPPED STARTING RUNNING' },
  },
  {
    name: 'a manual stop over a restart of the daemon',
    ref: null,
    conf: COUNTED,
    steps: [
      until('x', 'RUNNING'),
      ctl('stop x'),
      signalDaemon('SIGTERM'),
      daemonEnds,
      startDaemon,
      pause(2.5),
      howMany('alive'),
    ],
    ignore: /^(states|gaps|endings)/,
    shows: { alive: '1' },
    onPurpose: [
      { fact: 'alive', ours: '0', see: 'who was stopped stays down, who was started comes up' },
    ],
  },
];
