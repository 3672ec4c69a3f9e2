/** In which order programs start and stop: priorities of programs and groups. */
import type { Row } from '../row.ts';
import {
  ctl,
  ctlAnyOrder,
  daemonEnds,
  daemonEndsInTime,
  orderOf,
  shellFact,
  signalDaemon,
  until,
} from '../steps.ts';

const three = (extra = ''): string =>
  [
    ['c', 10],
    ['a', 1],
    ['b', 5],
  ]
    .map(
      ([name, priority]) => `[program:${name}]
command = {probes}/order.sh ${name} {dir}/order 0.3
priority = ${priority}
${extra}`,
    )
    .join('\n');

const allRun = [until('a', 'RUNNING'), until('b', 'RUNNING'), until('c', 'RUNNING')];

const TIER_BY_TIER = 'a tier is waited for';

/** Programs write their own lines a moment after they were started; the states are exact. */
const ASCENDING = 'a b c';

export const ORDERING: readonly Row[] = [
  {
    name: 'priorities 1, 5, 10 at boot',
    ref: 25,
    conf: three(),
    steps: allRun,
    observe: [orderOf('STARTING')],
    shows: { 'order of STARTING': ASCENDING, 'pace of STARTING': 'all at once' },
    onPurpose: [{ fact: 'pace of STARTING', ours: 'one after the other', see: TIER_BY_TIER }],
  },
  {
    name: 'equal priorities start by name, all at once',
    ref: null,
    conf: ['b', 'c', 'a'].map((name) => `[program:${name}]\ncommand = sleep 1000\n`).join(''),
    steps: allRun,
    observe: [orderOf('STARTING')],
    shows: { 'order of STARTING': ASCENDING, 'pace of STARTING': 'all at once' },
  },
  {
    name: 'start all goes up',
    ref: 26,
    conf: three('autostart = false'),
    steps: [ctl('start all')],
    observe: [orderOf('STARTING')],
    shows: {
      'order of STARTING': ASCENDING,
      '$ start all': 'exit 0\na: started\nb: started\nc: started',
    },
    onPurpose: [{ fact: 'pace of STARTING', ours: 'one after the other', see: TIER_BY_TIER }],
  },
  {
    name: 'start all where some run and one fails',
    ref: null,
    conf: `[program:a]
command = sleep 1000
[program:b]
command = sh -c "exit 3"
autostart = false
startsecs = 2
startretries = 0
[program:c]
command = sleep 1000
autostart = false`,
    steps: [until('a', 'RUNNING'), ctlAnyOrder('start all'), ctl('status')],
    shows: { '$ start all': /b: ERROR \(spawn error\)/ },
  },
  {
    name: 'stop all',
    ref: 27,
    conf: three(),
    steps: [...allRun, ctl('stop all')],
    observe: [orderOf('STOPPING')],
    shows: { 'order of STOPPING': ASCENDING, 'pace of STOPPING': 'all at once' },
    onPurpose: [
      { fact: 'order of STOPPING', ours: 'c b a', see: 'highest number first, tier by tier' },
      {
        fact: 'pace of STOPPING',
        ours: 'one after the other',
        see: 'highest number first, tier by tier',
      },
      {
        fact: '$ stop all',
        ours: 'exit 0\nc: stopped\nb: stopped\na: stopped',
        see: 'highest number first, tier by tier',
      },
    ],
  },
  {
    name: 'SIGTERM to the daemon stops from high to low',
    ref: 28,
    conf: three(),
    steps: [...allRun, signalDaemon('SIGTERM'), daemonEnds],
    observe: [orderOf('STOPPING')],
    shows: {
      'order of STOPPING': 'c b a',
      'pace of STOPPING': 'one after the other',
      'daemon ends': 'exit 0',
    },
  },
  {
    name: 'three groups that ignore TERM, SIGTERM to the daemon',
    ref: 29,
    conf: ['a', 'b', 'c']
      .map(
        (name) => `[program:${name}]
command = sh -c "trap '' TERM; while :; do sleep 0.2; done"
stopwaitsecs = 3
`,
      )
      .join(''),
    steps: [...allRun, signalDaemon('SIGTERM'), daemonEndsInTime],
    shows: { 'daemon ends': 'exit 0', 'daemon ends after': /^(9|1\d)\.\d$/ },
    ignore: /^gaps of/,
    onPurpose: [
      { fact: 'daemon ends after', ours: /^[34]\.\d$/, see: 'groups of one tier at the same time' },
    ],
  },
  {
    name: 'inside a group the priority of a program counts, too, at boot',
    ref: null,
    conf: `${three()}
[group:g]
programs = c,b,a`,
    steps: [until('g:a', 'RUNNING'), until('g:b', 'RUNNING'), until('g:c', 'RUNNING')],
    observe: [orderOf('STARTING')],
    shows: { 'order of STARTING': /^g:\w g:\w g:\w$/ },
    onPurpose: [
      {
        fact: 'order of STARTING',
        ours: 'g:a g:b g:c',
        see: 'the pair (priority of the group, of the program), everywhere',
      },
      { fact: 'pace of STARTING', ours: 'one after the other', see: TIER_BY_TIER },
    ],
  },
  {
    name: 'start of a group goes up by the priority of its programs',
    ref: null,
    conf: `${three('autostart = false')}
[group:g]
programs = c,b,a`,
    steps: [ctl('start g:*')],
    observe: [orderOf('STARTING')],
    shows: { 'order of STARTING': 'g:a g:b g:c' },
    onPurpose: [{ fact: 'pace of STARTING', ours: 'one after the other', see: TIER_BY_TIER }],
  },
  {
    name: 'the priority of the group comes before that of its programs',
    ref: null,
    conf: `[program:a]
command = sleep 1000
priority = 900
autostart = false
[program:b]
command = sleep 1000
priority = 1
autostart = false
[group:early]
programs = a
priority = 10
[group:late]
programs = b
priority = 20`,
    steps: [ctl('start all')],
    observe: [orderOf('STARTING')],
    shows: { 'order of STARTING': 'early:a late:b' },
    onPurpose: [{ fact: 'pace of STARTING', ours: 'one after the other', see: TIER_BY_TIER }],
  },
  {
    name: 'start of several waits for each, in the order that was typed',
    ref: null,
    conf: three('autostart = false'),
    steps: [ctl('start c a b')],
    observe: [orderOf('STARTING')],
    shows: { 'order of STARTING': 'c a b', '$ start c a b': /^exit 0/ },
    onPurpose: [
      { fact: 'order of STARTING', ours: ASCENDING, see: 'together, tier by tier, as `start all`' },
      {
        fact: '$ start c a b',
        ours: 'exit 0\na: started\nb: started\nc: started',
        see: 'together, tier by tier, as `start all`',
      },
    ],
  },
  {
    name: 'a negative priority',
    ref: null,
    conf: '[program:z]\ncommand = sleep 1000\npriority = -5\n[program:a]\ncommand = sleep 1000\npriority = 0',
    steps: [until('z', 'RUNNING'), until('a', 'RUNNING'), ctl('avail')],
    observe: [orderOf('STARTING')],
    shows: { 'order of STARTING': 'z a', '$ avail': /z +in use +auto +-5:-5/ },
    onPurpose: [{ fact: 'pace of STARTING', ours: 'one after the other', see: TIER_BY_TIER }],
  },
  {
    name: 'restart all',
    ref: null,
    conf: three(),
    steps: [...allRun, ctl('restart all'), shellFact('starts', 'grep -c start order')],
    shows: { '$ restart all': /^exit 0\n/, starts: '6' },
    ignore: /^gaps/,
    onPurpose: [
      {
        fact: '$ restart all',
        ours: 'exit 0\na: stopped\na: started\nb: stopped\nb: started\nc: stopped\nc: started',
        see: 'each is stopped and started as one unit, wave by wave',
      },
    ],
  },
  {
    name: 'start all where everything runs, stop and restart all where nothing does',
    ref: null,
    conf: '[program:a]\ncommand = sleep 1000\n[program:b]\ncommand = sleep 1000',
    steps: [
      until('a', 'RUNNING'),
      until('b', 'RUNNING'),
      ctlAnyOrder('start all'),
      ctlAnyOrder('stop all'),
      ctlAnyOrder('stop all'),
      ctlAnyOrder('restart all'),
    ],
    shows: { '$ start all': 'exit 0', '$ stop all #2': 'exit 0' },
    ignore: /^order/,
  },
];
