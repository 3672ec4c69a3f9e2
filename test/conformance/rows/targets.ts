/** Every verb against odd names and odd arguments. */
import type { Row } from '../row.ts';
import { ctl, ctlAnyOrder, ctlMistake, ctlThenInterrupt, pause, until } from '../steps.ts';

const sleeper = (name: string, options = ''): string =>
  `[program:${name}]\ncommand = sleep 1000\n${options}\n`;

/** `a` and `g:c` run; `b` and `g:d` do not. */
const SOME = `${sleeper('a')}${sleeper('b', 'autostart = false')}${sleeper('c')}${sleeper('d', 'autostart = false')}[group:g]\nprograms = c,d\n`;

const allRun = [until('a', 'RUNNING'), until('g:c', 'RUNNING')];

const each = (name: string, words: readonly string[], more: Partial<Row> = {}): Row => ({
  name,
  ref: null,
  conf: SOME,
  steps: [...allRun, ...words.map(ctl)],
  ignore: /^gaps/,
  shows: {},
  ...more,
});

export const TARGETS: readonly Row[] = [
  each('status of odd names', ['status a a', 'status a:a', 'status a:*', 'status :a', 'status a:', 'status g:nobody', 'status all nobody', 'status nobody all', 'status a all', 'status a:b:c', 'status b a', 'status a g:c', 'status g:* g:c', 'status nobody nobodyelse', 'status nobody:one', 'status g:c g:*']),
  each('start of odd names', ['start a:a', 'start :a', 'start a:', 'start a:*', 'start g:nobody', 'start b b', 'start nobody all', 'start g:d g:*', 'start b:*', 'start all all', 'start nobody:* a', 'start g:c nobody']),
  each('stop of odd names', ['stop a:a', 'stop :a', 'stop a:', 'stop g:nobody', 'stop b b', 'stop g:d g:*', 'stop nobody:* a', 'stop all nobody', 'stop nobody all']),
  each('restart of odd names', ['restart nobody', 'restart g:nobody', 'restart b', 'restart a nobody', 'restart nobody a', 'restart nobody:* a', 'restart :a', 'restart g:d']),
  each('signals to odd names', ['signal HUP a:a', 'signal CONT b', 'signal CONT a b', 'signal CONT b a', 'signal CONT g:*', 'signal CONT nobody a', 'signal CONT all', 'signal CONT all nobody', 'signal FOO nobody', 'signal FOO all', 'signal FOO g:*', 'signal FOO a b', 'signal SIG a', 'signal -1 a', 'signal 65 a', 'signal 18 a', 'signal 0x12 a', 'signal cont a', 'signal SigCont a', 'signal SIGSIGCONT a', 'signal 18.0 a', 'signal RTMIN a', 'signal a CONT', 'signal 34 nobody', 'signal +18 a'], { ignore: /^(gaps|states|endings) of/ }),
  each('clear of odd names', ['clear a', 'clear b', 'clear a b', 'clear nobody a', 'clear g:c', 'clear g:nobody', 'clear all a', 'clear all nobody', 'clear a:a', 'clear a a']),
  each('pid of odd names', ['pid a:a', 'pid a nobody', 'pid nobody a', 'pid g:c', 'pid g:d', 'pid a a', 'pid all a', 'pid a all', 'pid g:nobody', 'pid nobody:one', 'pid all']),
  each('tail of odd names and numbers', ['tail a stdout', 'tail a:a', 'tail g:c', 'tail b', 'tail g:d stderr', 'tail g:nobody', 'tail a b', 'tail all', 'tail -0 a', 'tail --5 a', 'tail -5x a', 'tail -1.5 a', 'tail -99999999999 a', 'tail a -5', 'tail - a', 'tail a stdout stderr', 'tail -5 a stdout', 'tail -5 nobody', 'tail +5 a', 'tail -f nobody', 'tail -f g:nobody', 'tail -f a nowhere', 'tail -F a', 'tail -n a']),
  {
    name: 'tail -f of odd things',
    ref: null,
    conf: SOME,
    steps: [...allRun, ctlMistake('tail -f'), ctlMistake('tail -f a b c'), ctlThenInterrupt('tail -f b'), ctlThenInterrupt('tail -f a stderr'), ctl('maintail -f x')],
    shows: {},
  },
  {
    name: 'maintail in odd forms',
    ref: null,
    conf: SOME,
    steps: [...allRun, ctl('maintail -0'), ctlMistake('maintail -f x'), ctlMistake('maintail --5'), ctlMistake('maintail -1.5'), ctlMistake('maintail -'), ctlMistake('maintail stdout')],
    shows: {},
  },
  each('add, remove and update of odd names', ['add', 'add a nobody', 'add nobody a', 'add a:a', 'add g:c', 'add g:*', 'add all', 'remove', 'remove b a', 'add b', 'remove a b', 'remove nobody b', 'add b nobody', 'remove g:c', 'remove g', 'remove all', 'update nobody a', 'update a:a', 'update g:*', 'update all nobody', 'update a a', 'update nobody1 nobody2', 'update  all']),
  {
    name: 'odd verbs',
    ref: null,
    conf: SOME,
    steps: [...allRun, ...['STATUS', 'Status a', 'stat', 'statusa', 'start-all', '12', 'stop,', 'a', 'all', ';', '#', 'start=a', 'reload2', '*'].map(ctl), ctlMistake('help nothing'), ctlMistake('version a b'), ctlMistake('avail a'), ctlMistake('reread all'), ctl('shutdown all'), ctl('reload all'), ctlAnyOrder('pid all'), pause(0.2)],
    shows: {},
  },
];
