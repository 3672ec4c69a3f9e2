/** `signal` and `pid`, and signals that come from elsewhere. */
import type { Row } from '../row.ts';
import { ctl, ctlAnyOrder, file, pause, signalProcess, until, untilFile } from '../steps.ts';

const sleeper = (name: string, options = ''): string =>
  `[program:${name}]\ncommand = sleep 1000\n${options}\n`;

const TWO = `${sleeper('a')}${sleeper('b', 'autostart = false')}`;

const GROUP_BY_NAME = 'also programs, groups and patterns';

export const SIGNALS: readonly Row[] = [
  {
    name: 'signal by every name, and what cannot be',
    ref: 61,
    conf: `[program:a]\ncommand = {probes}/signals.sh {dir}/signals\n${sleeper('b', 'autostart = false')}`,
    steps: [
      until('a', 'RUNNING'),
      ctl('signal HUP a'),
      ctl('signal SIGUSR1 a'),
      ctl('signal 12 a'),
      ctl('signal usr1 a'),
      ctl('signal FOO a'),
      ctl('signal 99 a'),
      ctl('signal HUP b'),
      ctl('signal HUP nobody'),
      ctl('signal HUP all'),
      pause(0.3),
    ],
    observe: [file('signals')],
    shows: {
      '$ signal HUP a': 'exit 0\na: signalled',
      '$ signal HUP b': 'exit 7\nb: ERROR (not running)',
      '$ signal FOO a': 'exit 1\na: ERROR (bad signal name)',
    },
  },
  {
    name: 'signal is answered in the order of the words',
    ref: null,
    conf: `${TWO}${sleeper('c')}${sleeper('d')}[group:g]\nprograms = c,d`,
    steps: [
      until('a', 'RUNNING'),
      until('g:d', 'RUNNING'),
      ctl('signal CONT b nobody a'),
      ctl('signal CONT g:d g:c a b nobody:*'),
    ],
    shows: { '$ signal CONT b nobody a': /^exit \d\nb: .*\nnobody: .*\na: signalled$/ },
  },
  {
    name: 'signals that Node has no name for',
    ref: null,
    conf: sleeper('a', 'autorestart = unexpected'),
    steps: [
      until('a', 'RUNNING'),
      ...['CLD', 'sigcld', '+18', '35', '63', 'RTMIN+1', '-1'].map((sent) =>
        ctl(`signal ${sent} a`),
      ),
      ctl('signal RTMIN a'),
      until('a', 'RUNNING', 2),
      ctl('signal 34 a'),
      until('a', 'RUNNING', 3),
      ctl('signal SIGRTMAX a'),
      until('a', 'RUNNING', 4),
    ],
    ignore: /^(?:gaps|endings)/,
    shows: { '$ signal RTMIN a': 'exit 0\na: signalled', '$ signal 35 a': /bad signal name/ },
  },
  {
    name: 'signal that ends a program',
    ref: null,
    conf: sleeper('a', 'autorestart = unexpected'),
    steps: [until('a', 'RUNNING'), ctl('signal TERM a'), until('a', 'RUNNING', 2)],
    // When it ends is when somebody comes to type it.
    ignore: /^gaps/,
    shows: { 'states of a': 'STARTING RUNNING EXITED STARTING RUNNING' },
  },
  {
    name: 'signal to a group, and tail and pid of one of it',
    ref: null,
    conf: `[program:a]\ncommand = {probes}/signals.sh {dir}/signals\n${sleeper('b')}[group:g]\nprograms = a,b`,
    steps: [
      until('g:a', 'RUNNING'),
      until('g:b', 'RUNNING'),
      ctlAnyOrder('signal CONT g:*'),
      ctl('signal CONT g:a g:b'),
      ctlAnyOrder('signal CONT all'),
      ctl('tail g:a'),
      ctl('pid g:a'),
      ctl('pid g:*'),
      ctl('tail g:*'),
      untilFile('signals', 'CONT\nCONT\nCONT\n'),
    ],
    observe: [file('signals')],
    onPurpose: [{ fact: '$ pid g:*', ours: 'exit 0\nN\nN', see: GROUP_BY_NAME }],
    shows: {
      '$ signal CONT g:*': 'exit 0\ng:a: signalled\ng:b: signalled',
      '$ pid g:a': 'exit 0\nN',
    },
  },
  {
    name: 'pid of the daemon, of programs, of nobody',
    ref: 61,
    conf: TWO,
    steps: [
      until('a', 'RUNNING'),
      ctl('pid'),
      ctl('pid a'),
      ctl('pid b'),
      ctl('pid all'),
      ctl('pid nobody'),
      ctl('pid a b'),
    ],
    shows: {
      '$ pid a': 'exit 0\nN',
      '$ pid b': 'exit 7\n0',
      '$ pid nobody': 'exit 1\nNo such process nobody',
    },
  },
  {
    name: 'a signal from outside ends a program, which stop then finds',
    ref: null,
    conf: sleeper('a', 'autorestart = false'),
    steps: [
      until('a', 'RUNNING'),
      signalProcess('a', 'SIGKILL'),
      until('a', 'EXITED'),
      ctl('stop a'),
      ctl('start a'),
    ],
    ignore: /^gaps/,
    shows: { '$ stop a': 'exit 0\na: ERROR (not running)', '$ start a': 'exit 0\na: started' },
  },
];
