/** Every verb against odd names and odd arguments. */
import type { Difference, Row } from '../row.ts';
import { ctl, ctlAnyOrder, ctlBrief, ctlMistake, ctlThenInterrupt, until } from '../steps.ts';

const sleeper = (name: string, options = ''): string =>
  `[program:${name}]\ncommand = sleep 1000\n${options}\n`;

/** `a` and `g:c` run; `b` and `g:d` do not. */
const SOME = [
  sleeper('a'),
  sleeper('b', 'autostart = false'),
  sleeper('c'),
  sleeper('d', 'autostart = false'),
  '[group:g]\nprograms = c,d\n',
].join('');

const allRun = [until('a', 'RUNNING'), until('g:c', 'RUNNING')];

const TOGETHER = 'together, tier by tier, as `start all`; the lines come as things happen';

/** What cannot be is known at once, and said before what takes its time. */
const together = (words: string, lines: string): Difference => ({
  fact: `$ ${words}`,
  ours: lines,
  see: TOGETHER,
});

const each = (
  name: string,
  words: readonly string[],
  more: Pick<Row, 'shows' | 'onPurpose'>,
): Row => ({
  name,
  ref: null,
  conf: SOME,
  steps: [...allRun, ...words.map(ctl)],
  ignore: /^(gaps|states|endings) of/,
  ...more,
});

const NO_PROCESS = 'nobody: ERROR (no such process)';
const NO_GROUP = 'nobody: ERROR (no such group)';

export const TARGETS: readonly Row[] = [
  each(
    'status of odd names',
    [
      ...['a a', 'a:a', 'a:*', ':a', 'a:', 'g:nobody', 'all nobody', 'nobody all', 'a all'],
      ...['a:b:c', 'b a', 'a g:c', 'g:* g:c', 'nobody nobodyelse', 'nobody:one', 'g:c g:*'],
    ].map((names) => `status ${names}`),
    { shows: { '$ status g:nobody': 'exit 4\ng:nobody: ERROR (no such process)' } },
  ),
  each(
    'start of odd names',
    [
      ...['a:a', ':a', 'a:', 'a:*', 'g:nobody', 'b b', 'nobody all', 'g:d g:*', 'b:*', 'all all'],
      ...['nobody:* a', 'g:c nobody'],
    ].map((names) => `start ${names}`),
    {
      shows: { '$ start a:a': 'exit 0\na: ERROR (already started)' },
      onPurpose: [
        together('start b b', 'exit 0\nb: started'),
        together('start g:c nobody', `exit 1\n${NO_PROCESS}\ng:c: ERROR (already started)`),
      ],
    },
  ),
  each(
    'stop of odd names',
    [
      ...['a:a', ':a', 'a:', 'g:nobody', 'b b', 'g:d g:*', 'nobody:* a', 'all nobody'],
      'nobody all',
    ].map((names) => `stop ${names}`),
    {
      shows: { '$ stop a:a': 'exit 0\na: stopped' },
      onPurpose: [together('stop b b', 'exit 0\nb: ERROR (not running)')],
    },
  ),
  each(
    'restart of odd names',
    ['nobody', 'g:nobody', 'b', 'a nobody', 'nobody a', 'nobody:* a', ':a', 'g:d'].map(
      (names) => `restart ${names}`,
    ),
    {
      shows: { '$ restart nobody': `exit 1\n${NO_PROCESS}\n${NO_PROCESS}` },
      onPurpose: [
        ...['a nobody', 'nobody a'].map((names) =>
          together(
            `restart ${names}`,
            `exit 1\n${NO_PROCESS}\n${NO_PROCESS}\na: stopped\na: started`,
          ),
        ),
        together('restart nobody:* a', `exit 2\n${NO_GROUP}\n${NO_GROUP}\na: stopped\na: started`),
      ],
    },
  ),
  each(
    'signals to odd names, in odd spellings',
    [
      ...['HUP a:a', 'CONT b', 'CONT a b', 'CONT b a', 'CONT g:*', 'CONT nobody a', 'CONT all'],
      ...['CONT all nobody', 'FOO nobody', 'FOO all', 'FOO g:*', 'FOO a b', 'SIG a', '-1 a'],
      ...['65 a', '18 a', '0x12 a', 'cont a', 'SigCont a', 'SIGSIGCONT a', '18.0 a', 'a CONT'],
    ].map((words) => `signal ${words}`),
    {
      shows: { '$ signal 18 a': 'exit 0\na: signalled', '$ signal CONT b': /^exit 7/ },
    },
  ),
  each(
    'clear of odd names',
    [
      ...['a', 'b', 'a b', 'b a', 'nobody a', 'a nobody', 'g:c', 'g:nobody', 'all', 'all a'],
      ...['all nobody', 'a:a', 'a a'],
    ].map((names) => `clear ${names}`),
    {
      shows: { '$ clear b a': 'exit 0\nb: cleared\na: cleared' },
      onPurpose: [together('clear a a', 'exit 0\na: cleared')],
    },
  ),
  each(
    'pid of odd names',
    ['a:a', 'a nobody', 'nobody a', 'g:c', 'g:d', 'a a', 'all a', 'a all', 'g:nobody', 'all'].map(
      (names) => `pid ${names}`,
    ),
    { shows: { '$ pid g:d': 'exit 7\n0' } },
  ),
  each(
    'tail of odd names and numbers',
    [
      ...['a stdout', 'a:a', 'g:c', 'g:nobody', 'a b', 'all', '-0 a', '-5x a', '-1.5 a', 'a -5'],
      ...['- a', 'a stdout stderr', '-5 a stdout', '-5 nobody', '+5 a', '-f nobody'],
      ...['-f g:nobody', '-f a nowhere', '-F a', '-n a'],
    ].map((words) => `tail ${words}`),
    { shows: { '$ tail a b': /^exit 1\n/ } },
  ),
  {
    name: 'tail of an AUTO log before the first start',
    ref: null,
    conf: SOME,
    steps: [...allRun, ctl('tail b'), ctl('tail g:d stderr')],
    shows: { '$ tail b': 'exit 0' },
    onPurpose: [
      { fact: '$ tail b', ours: 'exit 1\nb: ERROR (no log file)', see: 'made at the first start' },
      {
        fact: '$ tail g:d stderr',
        ours: 'exit 1\ng:d: ERROR (no log file)',
        see: 'made at the first start',
      },
    ],
  },
  {
    name: 'tail -f and maintail in odd forms',
    ref: null,
    conf: SOME,
    steps: [
      ...allRun,
      ctlMistake('tail -f'),
      ctlMistake('tail -f a b c'),
      ctlThenInterrupt('tail -f a stderr'),
      ctlBrief('maintail -0'),
      ...['-f x', '-1.5', '-', 'stdout'].map((words) => ctlMistake(`maintail ${words}`)),
    ],
    shows: { '$ tail -f a stderr': 'exit 0\n==> Press Ctrl-C to exit <==' },
  },
  each(
    'add, remove and update of odd names',
    [
      ...['add', 'add a nobody', 'add nobody a', 'add a:a', 'add g:c', 'add g:*', 'add all'],
      ...['remove', 'remove b a', 'add b', 'remove a b', 'remove nobody b', 'add b nobody'],
      ...['remove g:c', 'remove g', 'remove all', 'update nobody a', 'update a:a', 'update g:*'],
      ...['update all nobody', 'update a a', 'update  all'],
    ],
    { shows: { '$ remove b a': /still running: a/ } },
  ),
  {
    name: 'odd verbs',
    ref: null,
    conf: SOME,
    steps: [
      ...allRun,
      ...['STATUS', 'Status a', 'stat', 'statusa', '12', 'a', 'all', ';', '#', 'reload2', '*'].map(
        ctl,
      ),
      ...['help nothing', 'version a b', 'avail a', 'reread all', 'shutdown all', 'reload all'].map(
        ctlMistake,
      ),
      ctlAnyOrder('pid all'),
    ],
    shows: { '$ stat': 'exit 1\n*** Unknown syntax: stat' },
  },
];
