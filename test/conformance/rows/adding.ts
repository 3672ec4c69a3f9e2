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

export const ADDING: readonly Row[] = [
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
