/** Taking up a changed configuration: reread and update. */
import type { Row } from '../row.ts';
import { configure, ctl, ctlBrief, daemonNow, pause, until } from '../steps.ts';

const sleeper = (name: string, options = ''): string =>
  `[program:${name}]\ncommand = sleep 1000\n${options}\n`;

const TWO = `${sleeper('a')}${sleeper('b', 'autostart = false')}`;

/** For rows that are over before anything has come up. */
const ANY_STATE = /^(states|gaps|endings|spawn errors) of/;

const ONLY_WHAT_CHANGED = 'restarts only processes whose command';

export const RECONFIGURING: readonly Row[] = [
  {
    name: 'avail',
    ref: null,
    conf: `${TWO}${sleeper('c', 'priority = 5')}[group:g]\nprograms = c\npriority = 10`,
    steps: [ctl('avail')],
    ignore: ANY_STATE,
    shows: { '$ avail': /a +in use +auto +999:999/ },
  },
  {
    name: 'reread tells what was added, changed, removed, and does nothing',
    ref: 40,
    conf: `${sleeper('zero')}${sleeper('one')}${sleeper('two')}`,
    steps: [
      until('zero', 'RUNNING'),
      ctl('reread'),
      configure(`${sleeper('zero')}${sleeper('two', 'priority = 5')}${sleeper('three')}`),
      ctl('reread'),
      ctl('avail'),
      ctl('status'),
      ctl('reread'),
    ],
    shows: {
      '$ reread': 'exit 0\nNo config updates to processes',
      '$ reread #2': 'exit 0\none: disappeared\nthree: available\ntwo: changed',
    },
  },
  {
    name: 'reread: what counts as a change',
    ref: null,
    conf: `${sleeper('a')}${sleeper('b')}`,
    steps: [
      configure(`; a comment\n${sleeper('b')}${sleeper('a', 'startsecs = 1')}`),
      ctl('reread'),
      configure(`[supervisord]\nenvironment = A="1"\n${sleeper('a')}${sleeper('b')}`),
      ctl('reread'),
      configure(`[supervisord]\nloglevel = debug\n${sleeper('a')}${sleeper('b')}`),
      ctl('reread'),
      configure(`${sleeper('a', 'stderr_logfile_backups = 3')}${sleeper('b', 'stopwaitsecs = 3')}`),
      ctl('reread'),
      configure(`${sleeper('a')}${sleeper('b')}[group:g]\nprograms = a`),
      ctl('reread'),
      configure(''),
      ctl('reread'),
    ],
    ignore: ANY_STATE,
    shows: {
      '$ reread': 'exit 0\nNo config updates to processes',
      '$ reread #2': 'exit 0\na: changed\nb: changed',
      '$ reread #5': 'exit 0\na: disappeared\ng: available',
      '$ reread #6': 'exit 0\na: disappeared\nb: disappeared',
    },
  },
  {
    name: 'reread: what was removed by hand is available',
    ref: null,
    conf: `${sleeper('a', 'autostart = false')}${sleeper('b', 'autostart = false')}`,
    steps: [ctl('remove a'), ctl('reread'), ctl('avail'), ctl('update'), ctl('status')],
    shows: { '$ reread': 'exit 0\na: available', '$ update': 'exit 0\na: added process group' },
  },
  {
    name: 'update all, and update of what has not changed',
    ref: null,
    conf: sleeper('a'),
    steps: [
      until('a', 'RUNNING'),
      ctl('update a'),
      configure(`${sleeper('a')}${sleeper('b')}`),
      ctl('update all'),
      until('b', 'RUNNING'),
    ],
    shows: { '$ update a': 'exit 0', '$ update all': 'exit 0\nb: added process group' },
  },
  {
    name: 'reread of a file with a mistake changes nothing',
    ref: null,
    conf: TWO,
    steps: [
      until('a', 'RUNNING'),
      configure('[program:a]\ncommand = sleep 1000\nstartsecs = ten'),
      ctlBrief('reread'),
      ctlBrief('update'),
      daemonNow,
      ctl('status a'),
    ],
    shows: { '$ reread': 'exit 1\n(something)', 'daemon now': 'runs' },
  },
  {
    name: 'update where one of a group has another command',
    ref: 41,
    conf: `${sleeper('a')}${sleeper('b')}[group:g]\nprograms = a,b`,
    steps: [
      until('g:a', 'RUNNING'),
      until('g:b', 'RUNNING'),
      configure(`[program:a]\ncommand = sleep 2000\n${sleeper('b')}[group:g]\nprograms = a,b`),
      ctl('update'),
      until('g:a', 'RUNNING', 2),
    ],
    ignore: /^gaps/,
    shows: {
      '$ update': 'exit 0\ng: stopped\ng: updated process group',
      'states of g:a': 'STARTING RUNNING STOPPING STOPPED STARTING RUNNING',
    },
    onPurpose: [
      { fact: 'states of g:b', ours: 'STARTING RUNNING', see: ONLY_WHAT_CHANGED },
      { fact: 'endings of g:b', ours: '', see: ONLY_WHAT_CHANGED },
    ],
  },
  {
    name: 'update where nothing has changed',
    ref: 42,
    conf: sleeper('a'),
    steps: [until('a', 'RUNNING'), ctl('update'), pause(1)],
    shows: { 'states of a': 'STARTING RUNNING', '$ update': 'exit 0' },
  },
  {
    name: 'update adds and removes',
    ref: null,
    conf: `${sleeper('a')}${sleeper('b')}`,
    steps: [
      until('a', 'RUNNING'),
      configure(`${sleeper('b')}${sleeper('c')}`),
      ctl('update'),
      until('c', 'RUNNING'),
      ctl('status'),
    ],
    shows: {
      '$ update': 'exit 0\na: stopped\na: removed process group\nc: added process group',
      'states of a': 'STARTING RUNNING STOPPING STOPPED',
    },
  },
  {
    name: 'update of one group leaves the others',
    ref: null,
    conf: `${sleeper('a')}${sleeper('b')}`,
    steps: [
      until('a', 'RUNNING'),
      until('b', 'RUNNING'),
      configure(`${sleeper('c')}${sleeper('d')}`),
      ctl('update a c'),
      until('c', 'RUNNING'),
      ctl('update nobody'),
      ctl('status'),
    ],
    shows: { '$ update nobody': /no such group: nobody/ },
  },
  {
    name: 'update with another log size',
    ref: null,
    conf: sleeper('a'),
    steps: [
      until('a', 'RUNNING'),
      configure(sleeper('a', 'stdout_logfile_maxbytes = 1MB')),
      ctl('update'),
      pause(1.5),
    ],
    ignore: /^gaps/,
    shows: { 'states of a': /STOPPING STOPPED STARTING/ },
    onPurpose: [
      { fact: 'states of a', ours: 'STARTING RUNNING', see: ONLY_WHAT_CHANGED },
      { fact: 'endings of a', ours: '', see: ONLY_WHAT_CHANGED },
      { fact: '$ update', ours: 'exit 0\na: updated process group', see: ONLY_WHAT_CHANGED },
    ],
  },
  {
    name: 'update with more processes of one program',
    ref: null,
    conf: sleeper('a', 'numprocs = 1\nprocess_name = %(process_num)d'),
    steps: [
      until('a:0', 'RUNNING'),
      configure(sleeper('a', 'numprocs = 2\nprocess_name = %(process_num)d')),
      ctl('update'),
      until('a:1', 'RUNNING'),
      pause(1.2),
    ],
    ignore: /^gaps|^endings/,
    shows: { 'states of a:0': 'STARTING RUNNING STOPPING STOPPED STARTING RUNNING' },
    onPurpose: [
      { fact: 'states of a:0', ours: 'STARTING RUNNING', see: ONLY_WHAT_CHANGED },
      { fact: '$ update', ours: 'exit 0\na: updated process group', see: ONLY_WHAT_CHANGED },
    ],
  },
  {
    name: 'update keeps who was stopped by hand',
    ref: null,
    conf: sleeper('a'),
    steps: [
      until('a', 'RUNNING'),
      ctl('stop a'),
      configure(sleeper('a', 'environment = A="1"')),
      ctl('update'),
      pause(1.5),
    ],
    ignore: /^gaps/,
    shows: { 'states of a': 'STARTING RUNNING STOPPING STOPPED STARTING RUNNING' },
    onPurpose: [
      {
        fact: 'states of a',
        ours: 'STARTING RUNNING STOPPING STOPPED',
        see: 'a program that somebody stopped',
      },
      {
        fact: '$ update',
        ours: 'exit 0\na: updated process group',
        see: ONLY_WHAT_CHANGED,
      },
    ],
  },
];
