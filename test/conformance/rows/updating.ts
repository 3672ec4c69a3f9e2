/** `update`, and what it does to each kind of process in each kind of state. */
import type { Difference, Row } from '../row.ts';
import { configure, ctl, pause, shell, until, write } from '../steps.ts';

const sleeper = (name: string, options = ''): string =>
  `[program:${name}]\ncommand = sleep 1000\n${options}\n`;

const group = (name: string, programs: string, options = ''): string =>
  `[group:${name}]\nprograms = ${programs}\n${options}\n`;

const ONLY_WHAT_CHANGED = 'restarts only processes whose command';
const WHEN_DONE = 'when what it began is `RUNNING`';
const NOT_STOPPED = 'what cannot be started should not be stopped';

const updating = (
  name: string,
  conf: string,
  steps: Row['steps'],
  more: Pick<Row, 'shows' | 'onPurpose'> & Partial<Row>,
): Row => ({ name: `update: ${name}`, ref: null, conf, steps, ignore: /^gaps/, ...more });

/** Where Supervisor stops and starts, and we do not. */
const untouched = (process: string): readonly Difference[] => [
  { fact: `states of ${process}`, ours: 'STARTING RUNNING', see: ONLY_WHAT_CHANGED },
  { fact: `endings of ${process}`, ours: '', see: ONLY_WHAT_CHANGED },
];

/** It does not say `stopped` of what it did not stop. */
const onlyUpdated = (name: string): Difference => ({
  fact: '$ update',
  ours: `exit 0\n${name}: updated process group`,
  see: ONLY_WHAT_CHANGED,
});

export const UPDATING: readonly Row[] = [
  updating(
    'a program joins a group',
    `${sleeper('a')}${sleeper('b')}`,
    [
      ...[until('a', 'RUNNING'), until('b', 'RUNNING')],
      configure(`${sleeper('a')}${sleeper('b')}${group('g', 'a')}`),
      ...[ctl('update'), until('g:a', 'RUNNING'), ctl('status')],
    ],
    { shows: { '$ update': /g: added process group/ } },
  ),
  updating(
    'a program leaves a group',
    `${sleeper('a')}${sleeper('b')}${group('g', 'a,b')}`,
    [
      ...[until('g:a', 'RUNNING'), until('g:b', 'RUNNING')],
      configure(`${sleeper('a')}${sleeper('b')}${group('g', 'b')}`),
      ...[ctl('reread'), ctl('update'), until('a', 'RUNNING'), ctl('status')],
    ],
    { shows: { '$ reread': 'exit 0\na: available\ng: changed' }, onPurpose: untouched('g:b') },
  ),
  updating(
    'a group is called otherwise',
    `${sleeper('a')}${group('g', 'a')}`,
    [
      until('g:a', 'RUNNING'),
      configure(`${sleeper('a')}${group('h', 'a')}`),
      ...[ctl('reread'), ctl('update'), until('h:a', 'RUNNING'), ctl('status')],
    ],
    { shows: { '$ reread': 'exit 0\ng: disappeared\nh: available' } },
  ),
  updating(
    'another priority of a group',
    `${sleeper('a')}${group('g', 'a', 'priority = 5')}`,
    [
      until('g:a', 'RUNNING'),
      configure(`${sleeper('a')}${group('g', 'a', 'priority = 7')}`),
      ...[ctl('reread'), ctl('update'), pause(1.5), ctl('avail')],
    ],
    {
      shows: { '$ avail': /7:999/ },
      onPurpose: [...untouched('g:a'), onlyUpdated('g')],
    },
  ),
  updating(
    'another process_name',
    sleeper('a'),
    [
      until('a', 'RUNNING'),
      configure(sleeper('a', 'process_name = other')),
      ...[ctl('reread'), ctl('update'), until('a:other', 'RUNNING'), ctl('status')],
    ],
    { shows: { '$ update': 'exit 0\na: stopped\na: updated process group' } },
  ),
  updating(
    'what does not run is removed',
    `${sleeper('a')}${sleeper('b', 'autostart = false')}`,
    [
      until('a', 'RUNNING'),
      configure(sleeper('a')),
      ...[ctl('update'), ctl('status'), ctl('update'), ctl('add b'), ctl('remove b')],
    ],
    { shows: { '$ update': 'exit 0\nb: stopped\nb: removed process group' } },
  ),
  updating(
    'a program that is FATAL',
    '[program:a]\ncommand = {dir}/nowhere\nstartretries = 0',
    [until('a', 'FATAL'), configure(sleeper('a')), ctl('update'), until('a', 'RUNNING')],
    { shows: { 'states of a': /FATAL STARTING RUNNING$/ }, onPurpose: [onlyUpdated('a')] },
  ),
  updating(
    'a program that tries in vain',
    '[program:a]\ncommand = {dir}/nowhere\nstartretries = 50',
    [
      ...[until('a', 'BACKOFF', 2), configure(sleeper('a')), ctl('update')],
      ...[until('a', 'RUNNING'), ctl('status')],
    ],
    {
      shows: { '$ update': 'exit 0\na: stopped\na: updated process group' },
      ignore: /^(gaps|states|endings|spawn)/,
    },
  ),
  updating(
    'a program that has EXITED',
    '[program:a]\ncommand = true\nstartsecs = 0',
    [
      ...[until('a', 'EXITED'), configure(sleeper('a')), ctl('update'), until('a', 'RUNNING', 2)],
      ctl('status'),
    ],
    {
      shows: { 'states of a': 'STARTING RUNNING EXITED STARTING RUNNING' },
      onPurpose: [onlyUpdated('a')],
    },
  ),
  updating(
    'what was removed by hand comes back',
    `${sleeper('a')}${sleeper('b')}`,
    [
      ...[until('a', 'RUNNING'), ctl('stop a'), ctl('remove a'), ctl('update b'), ctl('status a')],
      ...[ctl('update a'), until('a', 'RUNNING', 2), ctl('status a')],
    ],
    { shows: { '$ update a': 'exit 0\na: added process group' } },
  ),
  updating(
    'autostart becomes true',
    sleeper('a', 'autostart = false'),
    [configure(sleeper('a')), ctl('update'), until('a', 'RUNNING'), ctl('status')],
    { shows: { 'states of a': 'STARTING RUNNING' }, onPurpose: [onlyUpdated('a')] },
  ),
  updating(
    'autostart becomes false',
    sleeper('a'),
    [
      ...[until('a', 'RUNNING'), configure(sleeper('a', 'autostart = false')), ctl('update')],
      ...[pause(1.5), ctl('status')],
    ],
    {
      shows: { 'states of a': 'STARTING RUNNING STOPPING STOPPED' },
      onPurpose: [
        ...untouched('a'),
        onlyUpdated('a'),
        { fact: '$ status', ours: /^exit 0\na +RUNNING/, see: ONLY_WHAT_CHANGED },
      ],
    },
  ),
  updating(
    'the new command is not there',
    sleeper('a'),
    [
      until('a', 'RUNNING'),
      configure('[program:a]\ncommand = {dir}/nowhere\nstartretries = 0'),
      ...[ctl('update'), pause(2.5), ctl('status')],
    ],
    {
      shows: { 'states of a': 'STARTING RUNNING STOPPING STOPPED STARTING BACKOFF FATAL' },
      onPurpose: [
        ...untouched('a'),
        { fact: 'spawn errors of a', ours: '', see: NOT_STOPPED },
        { fact: '$ update', ours: /^exit 1\n.*can't find command/, see: NOT_STOPPED },
        { fact: '$ status', ours: /^exit 0\na +RUNNING/, see: NOT_STOPPED },
      ],
    },
  ),
  updating(
    'several groups, some of which nobody knows',
    `${sleeper('a')}${sleeper('b')}${sleeper('c')}`,
    [
      ...[until('a', 'RUNNING'), until('b', 'RUNNING'), until('c', 'RUNNING')],
      configure(
        `${sleeper('b', 'environment = A="1"')}${sleeper('c', 'environment = A="1"')}${sleeper('d')}`,
      ),
      ...[ctl('update b nobody'), ctl('update d a'), until('d', 'RUNNING'), ctl('status')],
    ],
    { shows: { '$ update b nobody': /no such group: nobody/, 'states of c': 'STARTING RUNNING' } },
  ),
  updating(
    'without reread, after reread, and after a second change',
    sleeper('a'),
    [
      until('a', 'RUNNING'),
      ...[configure(`${sleeper('a')}${sleeper('b', 'autostart = false')}`), ctl('reread')],
      ...[configure(`${sleeper('a')}${sleeper('c')}`), ctl('avail'), ctl('add b')],
      ...[ctl('update'), until('c', 'RUNNING'), ctl('status')],
    ],
    { shows: { '$ update': /b: removed process group\nc: added process group$/ } },
  ),
  updating(
    'several are new',
    sleeper('a'),
    [
      until('a', 'RUNNING'),
      configure(
        `${sleeper('z')}${sleeper('m', 'priority = 2')}${sleeper('b')}${sleeper('q', 'autostart = false')}`,
      ),
      ...[ctl('reread'), ctl('update')],
      ...[until('z', 'RUNNING'), until('b', 'RUNNING'), until('m', 'RUNNING'), ctl('status')],
    ],
    {
      shows: { '$ reread': /^exit 0\na: disappeared\nb: available\nm: available/ },
      // What has nothing to do is done at once.
      onPurpose: [
        {
          fact: '$ update',
          ours: /^exit 0\nq: added process group\na: stopped\na: removed process group\nm: added process group\n[bz]: added process group\n[bz]: added process group$/,
          see: WHEN_DONE,
        },
      ],
    },
  ),
  updating(
    'an included file that comes and goes',
    `[include]\nfiles = conf.d/*.conf\n${sleeper('a')}`,
    [
      ...[until('a', 'RUNNING'), write('conf.d/b.conf', sleeper('b')), ctl('update')],
      ...[until('b', 'RUNNING'), shell('rm conf.d/b.conf'), ctl('reread'), ctl('update')],
      ctl('status'),
    ],
    { shows: { '$ reread': 'exit 0\nb: disappeared' } },
  ),
];
