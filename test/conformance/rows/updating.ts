/** Sequences of reread, update, add, remove and reload, and what each does to what runs. */
import type { Row } from '../row.ts';
import { configure, ctl, ctlAnyOrder, ctlBrief, ctlCode, daemonNow, pause, shell, shellFact, until, write } from '../steps.ts';

const sleeper = (name: string, options = ''): string =>
  `[program:${name}]\ncommand = sleep 1000\n${options}\n`;

const PLAIN: Partial<Row> = { ref: null, ignore: /^gaps/ };

const row = (name: string, conf: string, steps: Row['steps'], shows: Row['shows'] = {}, more: Partial<Row> = {}): Row => ({ name, conf, steps, shows, ref: null, ...PLAIN, ...more });

export const UPDATING: readonly Row[] = [
  row('update: a program joins a group', `${sleeper('a')}${sleeper('b')}`, [
    until('a', 'RUNNING'), until('b', 'RUNNING'),
    configure(`${sleeper('a')}${sleeper('b')}[group:g]\nprograms = a`),
    ctl('update'), until('g:a', 'RUNNING'), ctl('status'),
  ]),
  row('update: a program leaves a group', `${sleeper('a')}${sleeper('b')}[group:g]\nprograms = a,b`, [
    until('g:a', 'RUNNING'), until('g:b', 'RUNNING'),
    configure(`${sleeper('a')}${sleeper('b')}[group:g]\nprograms = b`),
    ctl('reread'), ctl('update'), until('a', 'RUNNING'), ctl('status'),
  ]),
  row('update: a group is called otherwise', `${sleeper('a')}[group:g]\nprograms = a`, [
    until('g:a', 'RUNNING'),
    configure(`${sleeper('a')}[group:h]\nprograms = a`),
    ctl('reread'), ctl('update'), until('h:a', 'RUNNING'), ctl('status'),
  ]),
  row('update: another priority of a group', `${sleeper('a')}[group:g]\nprograms = a\npriority = 5`, [
    until('g:a', 'RUNNING'),
    configure(`${sleeper('a')}[group:g]\nprograms = a\npriority = 7`),
    ctl('reread'), ctl('update'), pause(1.5), ctl('avail'),
  ]),
  row('update: another process_name', sleeper('a'), [
    until('a', 'RUNNING'),
    configure(sleeper('a', 'process_name = other')),
    ctl('reread'), ctl('update'), until('a:other', 'RUNNING'), ctl('status'),
  ]),
  row('update removes what does not run', `${sleeper('a')}${sleeper('b', 'autostart = false')}`, [
    until('a', 'RUNNING'),
    configure(sleeper('a')),
    ctl('update'), ctl('status'), ctl('update'), ctl('add b'), ctl('remove b'),
  ]),
  row('update of a program that is FATAL', '[program:a]\ncommand = {dir}/nowhere\nstartretries = 0', [
    until('a', 'FATAL'), configure(sleeper('a')), ctl('update'), until('a', 'RUNNING'), ctl('status'),
  ]),
  row('update of a program that tries in vain', '[program:a]\ncommand = {dir}/nowhere\nstartretries = 50', [
    until('a', 'BACKOFF', 2), configure(sleeper('a')), ctl('update'), until('a', 'RUNNING'), ctl('status'),
  ], {}, { ignore: /^(gaps|states|endings|spawn)/ }),
  row('update of a program that has EXITED', '[program:a]\ncommand = true\nstartsecs = 0', [
    until('a', 'EXITED'), configure(sleeper('a')), ctl('update'), until('a', 'RUNNING'), ctl('status'),
  ]),
  row('update of what was removed by hand, and of what was added', `${sleeper('a')}${sleeper('b')}`, [
    until('a', 'RUNNING'), ctl('stop a'), ctl('remove a'), ctl('update b'), ctl('status'), ctl('update a'), until('a', 'RUNNING', 2), ctl('status'),
  ]),
  row('update: autostart becomes true', sleeper('a', 'autostart = false'), [
    configure(sleeper('a')), ctl('update'), pause(1.5), ctl('status'),
  ]),
  row('update: autostart becomes false', sleeper('a'), [
    until('a', 'RUNNING'), configure(sleeper('a', 'autostart = false')), ctl('update'), pause(1.5), ctl('status'),
  ]),
  row('update: the new command is not there', sleeper('a'), [
    until('a', 'RUNNING'), configure('[program:a]\ncommand = {dir}/nowhere\nstartretries = 0'), ctl('update'), pause(2.5), ctl('status'),
  ]),
  row('update of several groups, some of which nobody knows', `${sleeper('a')}${sleeper('b')}${sleeper('c')}`, [
    until('a', 'RUNNING'), until('b', 'RUNNING'), until('c', 'RUNNING'),
    configure(`${sleeper('b', 'environment = A="1"')}${sleeper('c', 'environment = A="1"')}${sleeper('d')}`),
    ctl('update b nobody'), ctl('update d a'), ctl('status'), until('d', 'RUNNING'),
  ]),
  row('update without reread, after reread, and after a second change', sleeper('a'), [
    until('a', 'RUNNING'),
    configure(`${sleeper('a')}${sleeper('b')}`), ctl('reread'),
    configure(`${sleeper('a')}${sleeper('c')}`), ctl('avail'), ctl('add b'), ctl('update'), until('c', 'RUNNING'), ctl('status'),
  ]),
  row('update adds several, in order', sleeper('a'), [
    until('a', 'RUNNING'),
    configure(`${sleeper('z')}${sleeper('m', 'priority = 2')}${sleeper('b')}${sleeper('q', 'autostart = false')}`),
    ctl('reread'), ctl('update'), until('z', 'RUNNING'), until('b', 'RUNNING'), until('m', 'RUNNING'), ctl('status'),
  ]),
  row('a mistake that is mended is taken up', sleeper('a'), [
    until('a', 'RUNNING'), configure('[program:b]'), ctlCode('reread'), ctlCode('update'), ctl('status'),
    configure(`${sleeper('a')}${sleeper('b')}`), ctl('reread'), ctl('update'), until('b', 'RUNNING'), ctl('reread'),
  ]),
  row('the file is gone', sleeper('a'), [
    until('a', 'RUNNING'), shell('mv supervisord.conf gone'), ctlBrief('reread'), ctlBrief('update'), ctl('status a'), shell('mv gone supervisord.conf'), ctl('reread'),
  ]),
  row('an included file that comes and goes', `[include]\nfiles = conf.d/*.conf\n${sleeper('a')}`, [
    until('a', 'RUNNING'), write('conf.d/b.conf', sleeper('b')), ctl('update'), until('b', 'RUNNING'), shell('rm conf.d/b.conf'), ctl('reread'), ctl('update'), ctl('status'),
  ]),
  row('remove of a group in which one runs, stops, has ended', `${sleeper('a')}[program:b]\ncommand = true\nstartsecs = 0\n[program:f]\ncommand = {dir}/nowhere\nstartretries = 0\n[group:g]\nprograms = a,b`, [
    until('g:a', 'RUNNING'), until('g:b', 'EXITED'), until('f', 'FATAL'), ctl('remove g'), ctl('remove f'), ctlAnyOrder('stop g:*'), ctl('remove g'), ctl('status'), ctl('add g'), ctl('add f'), until('g:a', 'RUNNING', 2), until('g:b', 'EXITED', 2), until('f', 'FATAL', 2),
  ]),
  row('remove, then start and stop', sleeper('a', 'autostart = false'), [
    ctl('remove a'), ctl('start a'), ctl('stop a'), ctl('restart a'), ctl('tail a'), ctl('pid a'), ctl('clear a'), ctl('signal HUP a'), ctl('start all'), ctl('stop all'), ctl('restart all'), ctl('clear all'), ctl('pid all'), ctl('signal HUP all'), ctl('status'), ctl('avail'),
  ]),
  row('add, then remove, of what was never started', sleeper('a'), [
    until('a', 'RUNNING'), configure(`${sleeper('a')}${sleeper('b', 'autostart = false')}`), ctl('reread'), ctl('add b'), ctl('status'), ctl('remove b'), ctl('avail'), ctl('update'), ctl('status'),
  ]),
  row('reload: who was stopped by hand, and the pids', `${sleeper('a')}${sleeper('b')}`, [
    until('a', 'RUNNING'), until('b', 'RUNNING'), ctl('stop b'), shell('echo {pid:a} >pid'), ctl('reload'), until('a', 'RUNNING', 2), shellFact('another pid', 'test "$(cat pid)" != {pid:a} && echo yes'), pause(1.5), ctl('status'), daemonNow,
  ]),
  row('reload of what was started by hand', sleeper('a', 'autostart = false'), [
    ctl('start a'), ctl('reload'), pause(3), ctl('status'),
  ]),
  row('reload with changed and removed programs', `${sleeper('a')}${sleeper('b')}`, [
    until('a', 'RUNNING'), until('b', 'RUNNING'), configure(`${sleeper('b', 'environment = A="1"')}${sleeper('c')}`), ctl('reload'), until('c', 'RUNNING'), until('b', 'RUNNING', 2), ctl('status'), ctl('reread'),
  ]),
  row('reload twice', sleeper('a'), [
    until('a', 'RUNNING'), ctl('reload'), until('a', 'RUNNING', 2), ctl('reload'), until('a', 'RUNNING', 3), daemonNow,
  ]),
];
