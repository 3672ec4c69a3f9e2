/** Sequences of reread, add, remove and reload. */
import type { Row } from '../row.ts';
import {
  configure,
  ctl,
  ctlAnyOrder,
  ctlBrief,
  ctlCode,
  daemonNow,
  pause,
  shell,
  shellFact,
  until,
  write,
} from '../steps.ts';

const sleeper = (name: string, options = ''): string =>
  `[program:${name}]\ncommand = sleep 1000\n${options}\n`;

const REMEMBERED = 'who was stopped stays down, who was started comes up';

const row = (
  name: string,
  conf: string,
  steps: Row['steps'],
  more: Pick<Row, 'shows' | 'onPurpose'> & Partial<Row>,
): Row => ({ name, ref: null, conf, steps, ignore: /^gaps/, ...more });

/** Each verb for a process, and for all. */
const EVERY_VERB = [
  ...['start', 'stop', 'restart', 'clear', 'pid', 'tail', 'signal HUP'].map((verb) => `${verb} a`),
  ...['start', 'stop', 'restart', 'clear', 'pid', 'signal HUP'].map((verb) => `${verb} all`),
];

const TWO = `${sleeper('a')}${sleeper('b', 'autostart = false')}`;

export const ADDING: readonly Row[] = [
  {
    name: 'add and remove',
    ref: 45,
    conf: `${sleeper('a')}[program:trying]\ncommand = {dir}/nowhere\nstartretries = 50\n`,
    steps: [
      until('a', 'RUNNING'),
      until('trying', 'BACKOFF'),
      ctl('remove a'),
      ctl('remove trying'),
      ctl('remove nobody'),
      ctl('stop a'),
      ctl('remove a'),
      ctl('status a'),
      ctl('add a'),
      ctl('add a'),
      ctl('add nobody'),
      until('a', 'RUNNING', 2),
    ],
    ignore: /^(states|gaps) of trying/,
    shows: {
      '$ remove a': 'exit 1\nERROR: process/group still running: a',
      '$ remove trying': 'exit 1\nERROR: process/group still running: trying',
      '$ remove a #2': 'exit 0\na: removed process group',
      '$ add a #2': 'exit 0\nERROR: process group already active',
    },
  },
  {
    name: 'reread and add take up a new group',
    ref: null,
    conf: sleeper('a'),
    steps: [
      until('a', 'RUNNING'),
      configure(`${sleeper('a')}${sleeper('b')}`),
      ctl('add b'),
      ctl('reread'),
      ctl('add b'),
      until('b', 'RUNNING'),
    ],
    shows: {
      '$ add b': 'exit 1\nERROR: no such process/group: b',
      '$ add b #2': 'exit 0\nb: added process group',
    },
  },
  {
    name: 'reload starts everything again in the same daemon',
    ref: 47,
    conf: TWO,
    steps: [
      until('a', 'RUNNING'),
      ctl('reload'),
      until('a', 'RUNNING', 2),
      shellFact('the daemon has its pid', 'test "$(cat supervisord.pid)" = {daemon} && echo yes'),
      daemonNow,
      ctl('status a'),
    ],
    ignore: /^gaps/,
    shows: {
      '$ reload': 'exit 0\nRestarted supervisord',
      'states of a': 'STARTING RUNNING STOPPING STOPPED STARTING RUNNING',
      'the daemon has its pid': 'yes',
    },
  },
  {
    name: 'reload reads the configuration anew',
    ref: null,
    conf: TWO,
    steps: [
      until('a', 'RUNNING'),
      configure(sleeper('c')),
      ctl('reload'),
      until('c', 'RUNNING'),
      ctl('status'),
    ],
    ignore: /^gaps/,
    shows: { '$ status': /^exit 0\nc +RUNNING[^\n]*$/ },
  },
  {
    name: 'reload with a mistake in the file',
    ref: 48,
    conf: TWO,
    steps: [
      until('a', 'RUNNING'),
      write('supervisord.conf', '[program:x\n'),
      ctlBrief('reload'),
      pause(3),
      daemonNow,
    ],
    ignore: /^gaps|^endings/,
    shows: { 'daemon now': 'exit 2', 'states of a': 'STARTING RUNNING STOPPING STOPPED' },
    onPurpose: [
      { fact: 'daemon now', ours: 'runs', see: 'nothing is stopped; the mistakes are told' },
      {
        fact: 'states of a',
        ours: 'STARTING RUNNING',
        see: 'nothing is stopped; the mistakes are told',
      },
      { fact: '$ reload', ours: /^exit 1/, see: 'nothing is stopped; the mistakes are told' },
    ],
  },
  row(
    'a mistake that is mended is taken up',
    sleeper('a'),
    [
      ...[until('a', 'RUNNING'), configure('[program:b]'), ctlCode('reread'), ctlCode('update')],
      ...[ctl('status'), configure(`${sleeper('a')}${sleeper('b')}`), ctl('reread'), ctl('update')],
      ...[until('b', 'RUNNING'), ctl('reread')],
    ],
    { shows: { '$ reread': 'exit 1', '$ reread #2': 'exit 0\nb: available' } },
  ),
  row(
    'the file is gone, and back',
    sleeper('a'),
    [
      ...[until('a', 'RUNNING'), shell('mv supervisord.conf gone'), ctlBrief('reread')],
      ...[ctlBrief('update'), ctl('status a'), shell('mv gone supervisord.conf'), ctl('reread')],
    ],
    { shows: { '$ reread': 'exit 1\n(something)' } },
  ),
  row(
    'remove of a group in which one runs, stops, has ended',
    `${sleeper('a')}[program:b]
command = true
startsecs = 0
[program:f]
command = {dir}/nowhere
startretries = 0
[group:g]
programs = a,b`,
    [
      ...[until('g:a', 'RUNNING'), until('g:b', 'EXITED'), until('f', 'FATAL')],
      ...[ctl('remove g'), ctl('remove f'), ctlAnyOrder('stop g:*'), ctl('remove g')],
      ...[ctl('status'), ctl('add g'), ctl('add f')],
      ...[until('g:a', 'RUNNING', 2), until('g:b', 'EXITED', 2), until('f', 'FATAL', 2)],
      ctl('status f'),
    ],
    {
      // A process that is new is STOPPED, which Supervisor does not tell.
      ignore: /^(gaps|states)/,
      shows: {
        '$ remove g': 'exit 1\nERROR: process/group still running: g',
        '$ remove f': 'exit 0\nf: removed process group',
      },
    },
  ),
  row(
    'what was removed is unknown to every verb',
    sleeper('a', 'autostart = false'),
    [ctl('remove a'), ...EVERY_VERB.map(ctl), ctl('status'), ctl('avail')],
    {
      ignore: /^(gaps|states|endings|spawn)/,
      shows: { '$ start a': 'exit 1\na: ERROR (no such process)', '$ start all': 'exit 0' },
    },
  ),
  row(
    'add, then remove, of what was never started',
    sleeper('a'),
    [
      until('a', 'RUNNING'),
      configure(`${sleeper('a')}${sleeper('b', 'autostart = false')}`),
      ...[ctl('reread'), ctl('add b'), ctl('status'), ctl('remove b'), ctl('avail')],
      ...[ctl('update'), ctl('status')],
    ],
    { shows: { '$ remove b': 'exit 0\nb: removed process group' } },
  ),
  row(
    'reload: a new pid, and who was stopped by hand',
    `${sleeper('a')}${sleeper('b')}`,
    [
      ...[until('a', 'RUNNING'), until('b', 'RUNNING'), ctl('stop b'), shell('echo {pid:a} >pid')],
      ...[ctl('reload'), until('a', 'RUNNING', 2)],
      shellFact('another pid', 'test "$(cat pid)" != {pid:a} && echo yes'),
      ...[pause(1.5), ctl('status'), daemonNow],
    ],
    {
      shows: { 'another pid': 'yes', 'states of b': /STOPPED STARTING RUNNING$/ },
      onPurpose: [
        { fact: 'states of b', ours: 'STARTING RUNNING STOPPING STOPPED', see: REMEMBERED },
        { fact: '$ status', ours: /^exit 3\n.*\nb +STOPPED +Not started$/, see: REMEMBERED },
      ],
    },
  ),
  row(
    'reload of what was started by hand',
    sleeper('a', 'autostart = false'),
    [ctl('start a'), ctl('reload'), pause(3.5), ctl('status')],
    {
      shows: { 'states of a': 'STARTING RUNNING STOPPING STOPPED' },
      onPurpose: [
        { fact: 'states of a', ours: /STOPPED STARTING RUNNING$/, see: REMEMBERED },
        { fact: '$ status', ours: /^exit 0\na +RUNNING/, see: REMEMBERED },
      ],
    },
  ),
  row(
    'reload with changed and removed programs',
    `${sleeper('a')}${sleeper('b')}`,
    [
      ...[until('a', 'RUNNING'), until('b', 'RUNNING')],
      configure(`${sleeper('b', 'environment = A="1"')}${sleeper('c')}`),
      ...[ctl('reload'), until('c', 'RUNNING'), until('b', 'RUNNING', 2), ctl('status')],
      ctl('reread'),
    ],
    { shows: { '$ status': /^exit 0\nb +RUNNING.*\nc +RUNNING.*$/ } },
  ),
  row(
    'reload twice',
    sleeper('a'),
    [
      ...[until('a', 'RUNNING'), ctl('reload'), until('a', 'RUNNING', 2), ctl('reload')],
      ...[until('a', 'RUNNING', 3), daemonNow],
    ],
    { shows: { 'daemon now': 'runs' } },
  ),
];
