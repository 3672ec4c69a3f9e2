/** Names of programs that are long, foreign, or look like something else; and very many of them. */
import type { Row } from '../row.ts';
import { ctl, ctlAnyOrder, until } from '../steps.ts';

const sleeper = (name: string, options = ''): string =>
  `[program:${name}]\ncommand = sleep 1000\n${options}\n`;

const COLUMNS = 'columns are those of a terminal';

const TABLE = /^exit 0\n(\S+ +RUNNING +pid N, uptime T\n?)+$/;

/** Each is found by its own name, and by that of its group. */
const named = (title: string, names: readonly string[]): Row => ({
  name: `programs called ${title}`,
  ref: null,
  conf: names.map((name) => sleeper(name)).join(''),
  steps: [
    ...names.map((name) => until(name, 'RUNNING')),
    ctl('status'),
    ...names.flatMap((name) => [ctl(`stop ${name}`), ctl(`start ${name}:*`), ctl(`tail ${name}`)]),
    ctl('status'),
  ],
  ignore: /^gaps/,
  shows: { '$ status': TABLE },
});

const FOREIGN = ['αβγ', '日本語'];

/** Supervisor's XML breaks at `start` of a group of them, which has started it nevertheless. */
const foreign: Row = {
  ...named('in other letters', FOREIGN),
  onPurpose: [
    ...FOREIGN.map((name) => ({
      fact: `$ start ${name}:*`,
      ours: `exit 0\n${name}: started`,
      see: COLUMNS,
    })),
    { fact: '$ status', ours: TABLE, see: COLUMNS },
    { fact: '$ status #2', ours: TABLE, see: COLUMNS },
  ],
};

const UNUSUAL = ['a.b+c_d-e@f', 'x(1)', '0', '-x', 'x,y', "x'y"];

export const NAMES: readonly Row[] = [
  foreign,
  named('in signs and digits', UNUSUAL),
  named('in 150 letters', ['n'.repeat(150)]),
  named('all', ['all']),
  named('x*', ['x*']),
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
