/** Names of programs and groups that are long, foreign, or look like something else. */
import type { Row } from '../row.ts';
import { ctl, ctlAnyOrder, shell, until } from '../steps.ts';

const sleeper = (name: string, options = ''): string =>
  `[program:${name}]\ncommand = sleep 1000\n${options}\n`;

const named = (what: string, name: string, more: Partial<Row> = {}): Row => ({
  name: `a program called ${what}`,
  ref: null,
  conf: sleeper(name),
  steps: [
    until(name, 'RUNNING'),
    ctl('status'),
    ctl(`stop ${name}`),
    ctl(`start ${name}`),
    ctl(`status ${name}`),
    ctl(`restart ${name}:*`),
    ctl(`tail ${name}`),
  ],
  ignore: /^gaps/,
  shows: {},
  ...more,
});

export const NAMES: readonly Row[] = [
  named('αβγ', 'αβγ'),
  named('日本語', '日本語'),
  named('with dots and signs', 'a.b+c_d-e@f'),
  named('of 150 letters', 'n'.repeat(150)),
  named('all', 'all'),
  named('with a star', 'x*'),
  named('with brackets', 'x(1)'),
  named('0', '0'),
  named('with a dash first', '-x'),
  named('with a comma', 'x,y'),
  named('with capital letters', 'Xy'),
  named('with a quote', "x'y"),
  {
    name: 'names that differ in case',
    ref: null,
    conf: `${sleeper('x')}${sleeper('X', 'autostart = false')}`,
    steps: [
      until('x', 'RUNNING'),
      ctl('status'),
      ctl('start X'),
      ctl('stop x'),
      ctl('status X'),
      ctl('status all'),
      ctl('status ALL'),
    ],
    shows: {},
  },
  {
    name: 'three hundred processes',
    ref: null,
    conf: `[program:x]
command = sleep 1000
numprocs = 150
process_name = %(process_num)03d
autostart = false
stdout_logfile = NONE
stderr_logfile = NONE`,
    steps: [ctlAnyOrder('start all'), ctl('status'), ctlAnyOrder('stop all'), shell('true')],
    ignore: /^(gaps|states|endings) of/,
    shows: { '$ start all': /^exit 0\nx:000: started\n/ },
  },
];
