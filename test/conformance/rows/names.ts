/** Names of programs that are long, foreign, or look like something else; and very many of them. */
import type { Row } from '../row.ts';
import { ctl, ctlAnyOrder, until } from '../steps.ts';

const sleeper = (name: string, options = ''): string =>
  `[program:${name}]\ncommand = sleep 1000\n${options}\n`;

const COLUMNS = 'columns are those of a terminal';

const named = (what: string, name: string): Row => ({
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
  shows: { '$ status': /^exit 0\n\S+ +RUNNING +pid N, uptime T$/ },
});

/** `restart` of a group breaks Supervisor's XML. */
const foreign = (name: string): Row => ({
  ...named(name, name),
  onPurpose: [
    {
      fact: `$ restart ${name}:*`,
      ours: `exit 0\n${name}: stopped\n${name}: started`,
      see: COLUMNS,
    },
    { fact: `states of ${name}`, ours: /STARTING RUNNING$/, see: COLUMNS },
    { fact: '$ status', ours: /^exit 0\n\S+ +RUNNING +pid N, uptime T$/, see: COLUMNS },
    { fact: `$ status ${name}`, ours: /^exit 0\n\S+ +RUNNING +pid N, uptime T$/, see: COLUMNS },
  ],
});

export const NAMES: readonly Row[] = [
  foreign('αβγ'),
  foreign('日本語'),
  named('with dots and signs', 'a.b+c_d-e@f'),
  named('of 150 letters', 'n'.repeat(150)),
  named('all', 'all'),
  named('with a star', 'x*'),
  named('with brackets', 'x(1)'),
  named('0', '0'),
  named('with a dash first', '-x'),
  named('with a comma', 'x,y'),
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
      ctl('status ALL'),
    ],
    shows: { '$ start X': 'exit 0\nX: started', '$ stop x': 'exit 0\nx: stopped' },
  },
  {
    name: 'a hundred and fifty processes',
    ref: null,
    conf: `[program:x]
command = sleep 1000
numprocs = 150
process_name = %(process_num)03d
autostart = false
stdout_logfile = NONE
stderr_logfile = NONE`,
    steps: [ctlAnyOrder('start all'), ctl('status'), ctlAnyOrder('stop all'), ctl('status x:149')],
    ignore: /^(gaps|states|endings) of/,
    shows: { '$ start all': /^exit 0\nx:000: started\n/, '$ stop all': /\nx:149: stopped$/ },
  },
];
