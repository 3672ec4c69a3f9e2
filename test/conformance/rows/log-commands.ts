/** Reading, clearing and reopening logs by command and by signal. */
import type { Row } from '../row.ts';
import {
  ctl,
  ctlMistake,
  ctlThenInterrupt,
  pause,
  shell,
  shellFact,
  signalDaemon,
  until,
  untilFile,
  untilShell,
} from '../steps.ts';

const LOGS = 'stdout_logfile = {dir}/out.log\nstderr_logfile = {dir}/err.log';
const TALK = `[program:x]\ncommand = {probes}/talk.sh\n${LOGS}`;

export const LOG_COMMANDS: readonly Row[] = [
  {
    name: 'SIGUSR2 after rename: a new file is made',
    ref: 49,
    conf: `[program:x]
command = {probes}/write.sh 60 10
stdout_logfile = {dir}/out.log`,
    steps: [
      until('x', 'RUNNING'),
      shell('mv out.log out.old'),
      signalDaemon('SIGUSR2'),
      untilFile('out.log', '00'),
      shellFact('a new file', 'test -s out.log && echo yes'),
    ],
    shows: { 'a new file': 'yes', 'states of x': 'STARTING RUNNING' },
  },
  {
    name: 'SIGUSR2 reopens the log of the daemon',
    ref: null,
    conf: '[program:x]\ncommand = sleep 1000',
    steps: [
      until('x', 'RUNNING'),
      shell('mv supervisord.log old'),
      signalDaemon('SIGUSR2'),
      untilShell('test -e supervisord.log'),
      ctl('stop x'),
      shellFact('a new file', 'test -s supervisord.log && echo yes'),
    ],
    shows: { 'a new file': 'yes' },
  },
  {
    name: 'a log whose file is removed',
    ref: null,
    conf: `[program:x]
command = {probes}/write.sh 40 10
stdout_logfile = {dir}/out.log`,
    steps: [
      until('x', 'RUNNING'),
      shell('rm out.log'),
      pause(1),
      ctl('restart x'),
      untilFile('out.log', '00'),
      shellFact('it is back', 'test -s out.log && echo yes'),
    ],
    ignore: /^gaps/,
    shows: { 'it is back': 'yes' },
  },
  {
    name: 'tail in all its forms',
    ref: null,
    conf: TALK,
    steps: [
      until('x', 'RUNNING'),
      ctl('tail x'),
      ctl('tail -4 x'),
      ctl('tail -100000 x'),
      ctl('tail x stderr'),
      ctl('tail x STDERR'),
      ctl('tail -0 x'),
    ],
    shows: {
      '$ tail x': 'exit 0\nto stdout',
      '$ tail -4 x': 'exit 0\nout',
      '$ tail x stderr': 'exit 0\nto stderr',
    },
  },
  {
    name: 'tail that cannot be',
    ref: null,
    conf: TALK,
    steps: [
      until('x', 'RUNNING'),
      ctl('tail nobody'),
      ctl('tail x somewhere'),
      ctl('tail -many x'),
      ctlMistake('tail'),
      ctlMistake('tail -5'),
      ctlMistake('tail a b c d'),
    ],
    shows: { '$ tail nobody': 'exit 1\nnobody: ERROR (no such process name)' },
  },
  {
    name: 'tail of a program that was never started',
    ref: null,
    conf: `${TALK}\nautostart = false`,
    steps: [ctl('tail x')],
    shows: { '$ tail x': 'exit 1\nx: ERROR (no log file)' },
  },
  {
    name: 'tail -f until Ctrl-C',
    ref: null,
    conf: '[program:x]\ncommand = {probes}/write.sh 3 8\nstdout_logfile = {dir}/out.log',
    steps: [
      until('x', 'RUNNING'),
      untilFile('out.log', '0\n0000000\n0000000\n'),
      ctlThenInterrupt('tail -f x'),
    ],
    shows: { '$ tail -f x': 'exit 0\n==> Press Ctrl-C to exit <==\n0000000\n0000000\n0000000' },
  },
  {
    name: 'clear empties both logs',
    ref: null,
    conf: TALK,
    steps: [
      until('x', 'RUNNING'),
      untilFile('err.log', 'stderr'),
      ctl('clear x'),
      shellFact('sizes after', 'wc -c out.log err.log | tr -s " "'),
      ctl('clear nobody'),
      ctlMistake('clear'),
      ctl('clear all'),
      ctl('clear x:*'),
    ],
    shows: { '$ clear x': 'exit 0\nx: cleared', '$ clear all': 'exit 0\nx: cleared' },
    onPurpose: [
      {
        fact: '$ clear x:*',
        ours: 'exit 0\nx: cleared',
        see: 'also programs, groups and patterns',
      },
    ],
  },
  {
    name: 'what is written after clear stands in the log',
    ref: null,
    conf: '[program:x]\ncommand = {probes}/write.sh 40 10\nstdout_logfile = {dir}/out.log',
    steps: [
      until('x', 'RUNNING'),
      ctl('clear x'),
      untilFile('out.log', '0\n000000000\n000000000\n'),
      shellFact('it grows', '[ $(wc -c <out.log) -gt 20 ] && head -c 10 out.log'),
    ],
    shows: { 'it grows': '000000000' },
  },
];
