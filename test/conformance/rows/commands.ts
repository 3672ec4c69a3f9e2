/** supervisorctl's verbs against `fleetctl --local`: what they do, print and end with. */
import type { Row } from '../row.ts';
import {
  ctl,
  ctlAnyOrder,
  ctlBrief,
  ctlCode,
  ctlMistake,
  daemonEnds,
  pause,
  until,
} from '../steps.ts';

const sleeper = (name: string, options = ''): string =>
  `[program:${name}]\ncommand = sleep 1000\n${options}\n`;

const TWO = `${sleeper('a')}${sleeper('b', 'autostart = false')}`;

/** For rows that are over before anything has come up. */
const ANY_STATE = /^(states|gaps|endings|spawn errors) of/;

const GROUP_BY_NAME = 'also programs, groups and patterns';

export const COMMANDS: readonly Row[] = [
  {
    name: 'status of everything, of some, of nobody',
    ref: 61,
    conf: `${TWO}${sleeper('c')}${sleeper('d')}[group:g]\nprograms = c,d`,
    steps: [
      until('a', 'RUNNING'),
      until('g:d', 'RUNNING'),
      ctl('status'),
      ctl('status a'),
      ctl('status g:*'),
      ctl('status g:c a'),
      ctl('status g:'),
      ctl('status all'),
      ctl('status nobody'),
      ctl('status nobody:*'),
      ctl('status a nobody'),
      ctl('status b nobody'),
      ctl('status g'),
    ],
    shows: {
      '$ status a': /^exit 0\na +RUNNING +pid N, uptime T$/,
      '$ status': /^exit 3\n/,
      '$ status nobody': 'exit 4\nnobody: ERROR (no such process)',
    },
    onPurpose: [{ fact: '$ status g', ours: /^exit 0\ng:c +RUNNING/, see: GROUP_BY_NAME }],
  },
  {
    name: 'status in each state',
    ref: 61,
    conf: `${sleeper('slow', 'startsecs = 60')}${sleeper('stopped', 'autostart = false')}
[program:fatal]
command = {dir}/nowhere
startretries = 0
[program:trying]
command = {dir}/nowhere
startretries = 50
[program:over]
command = sh -c "sleep 1.5"`,
    steps: [
      until('over', 'EXITED'),
      until('trying', 'BACKOFF', 3),
      ctl('status slow'),
      ctl('status stopped'),
      ctl('status fatal'),
      ctl('status trying'),
      ctl('status over'),
    ],
    ignore: /^(states|gaps|endings) of trying/,
    shows: {
      '$ status slow': /^exit 0\nslow +STARTING/,
      '$ status fatal': /^exit 3\nfatal +FATAL/,
      '$ status trying': /^exit 0\ntrying +BACKOFF/,
      '$ status over': /^exit 3\nover +EXITED +DATE/,
    },
    either: { '$ status trying': [/^exit [03]\ntrying +BACKOFF|STARTING/] },
  },
  {
    name: 'a long name widens the table',
    ref: null,
    conf: `${sleeper('a')}${sleeper('a-program-with-a-name-that-is-rather-long')}`,
    steps: [until('a', 'RUNNING'), ctl('status')],
    shows: { '$ status': /^exit 0\na {40,}RUNNING/ },
  },
  {
    name: 'start, stop, restart, signal, clear without names',
    ref: 61,
    conf: TWO,
    steps: [
      ctlMistake('start'),
      ctlMistake('stop'),
      ctlMistake('restart'),
      ctlMistake('signal'),
      ctlMistake('signal HUP'),
      ctlMistake('clear'),
    ],
    ignore: ANY_STATE,
    shows: { '$ start': 'exit 2\nError: start requires a process name' },
  },
  {
    name: 'groups that nobody knows',
    ref: 61,
    conf: TWO,
    steps: [
      ctl('start no:*'),
      ctl('stop no:*'),
      ctl('restart no:*'),
      ctl('signal HUP no:*'),
      ctl('start no:one'),
    ],
    ignore: ANY_STATE,
    shows: { '$ start no:*': 'exit 2\nno: ERROR (no such group)' },
  },
  {
    name: 'words that are no commands',
    ref: 61,
    conf: TWO,
    steps: [
      ctl('frobnicate'),
      ctlMistake('version now'),
      ctlMistake('avail now'),
      ctlMistake('reread now'),
      ctlMistake('shutdown now'),
      ctlMistake('reload now'),
    ],
    ignore: ANY_STATE,
    shows: { '$ frobnicate': /^exit 1\n\*\*\* Unknown syntax: frobnicate/ },
  },
  {
    name: 'several targets: the last failure decides',
    ref: 61,
    conf: `${TWO}[program:broken]\ncommand = {dir}/nowhere\nautostart = false`,
    steps: [
      until('a', 'RUNNING'),
      ctl('start broken b'),
      ctl('stop a nobody'),
      ctl('start nobody a'),
    ],
    shows: { '$ start broken b': /^exit 1\n/ },
    onPurpose: [
      {
        fact: '$ stop a nobody',
        ours: 'exit 1\nnobody: ERROR (no such process)\na: stopped',
        see: 'together, tier by tier, as `start all`',
      },
    ],
  },
  {
    name: 'version',
    ref: 61,
    conf: TWO,
    steps: [ctlBrief('version')],
    ignore: ANY_STATE,
    shows: { '$ version': 'exit 0\n(something)' },
  },
  {
    name: 'maintail',
    ref: 61,
    conf: TWO,
    steps: [
      until('a', 'RUNNING'),
      ctlBrief('maintail'),
      ctlBrief('maintail -100'),
      ctlMistake('maintail x'),
      ctlMistake('maintail -x'),
      ctlMistake('maintail a b'),
    ],
    shows: { '$ maintail': 'exit 0\n(something)' },
  },
  {
    name: 'a group of several: start, stop, restart, one of it',
    ref: null,
    conf: `${sleeper('a', 'autostart = false')}${sleeper('b', 'autostart = false')}[group:g]\nprograms = a,b`,
    steps: [
      ctlAnyOrder('start g:*'),
      ctl('stop g:b'),
      ctl('start g:'),
      ctl('restart g:a'),
      ctlAnyOrder('stop g:*'),
      ctl('start a'),
    ],
    shows: {
      '$ start g:*': 'exit 0\ng:a: started\ng:b: started',
      '$ start a': 'exit 1\na: ERROR (no such process)',
    },
    onPurpose: [
      { fact: '$ start a', ours: 'exit 0\ng:a: started', see: GROUP_BY_NAME },
      { fact: 'states of g:a', ours: /STARTING RUNNING$/, see: GROUP_BY_NAME },
    ],
    ignore: /^gaps/,
  },
  {
    name: 'shutdown',
    ref: 61,
    conf: TWO,
    steps: [
      until('a', 'RUNNING'),
      ctl('shutdown'),
      daemonEnds,
      ctl('status'),
      ctl('start a'),
      ctl('shutdown'),
      ctlCode('reread'),
    ],
    shows: { '$ shutdown': 'exit 0\nShut down', 'daemon ends': 'exit 0', '$ status': /^exit 4\n/ },
  },
  {
    name: 'commands to a daemon that was never there',
    ref: 61,
    conf: '[program:x]\nno command',
    steps: [
      pause(0.3),
      ctl('status'),
      ctl('start x'),
      ctl('shutdown'),
      ctlBrief('avail'),
      ctlBrief('update'),
      ctlBrief('pid'),
    ],
    shows: { '$ status': /^exit 4\n/, '$ start x': /^exit 7\n/ },
  },
];
