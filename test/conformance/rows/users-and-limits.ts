/** Programs and daemons of other users, and a host that has no more of something. */
import { EXECUTED, namedError } from '../named-error.ts';
import type { Row } from '../row.ts';
import {
  configure,
  ctl,
  ctlCode,
  daemonEnds,
  daemonNow,
  file,
  pause,
  remarks,
  shell,
  shellFact,
  startDaemon,
  until,
  untilShell,
} from '../steps.ts';

/** Where we say why a program did not become its user. */
const AS_USER = 'a failure is a failed start that says why';
const NOT_ROOT = "couldn't setuid to 5: Can't drop privilege as nonroot user";
const REMARKS = `supervisor: ${NOT_ROOT}\nsupervisor: child process was not spawned`;

const daemonOf = (sections: string): string => `[supervisord]
logfile = {dir}/own.log
pidfile = {dir}/own.pid
childlogdir = {dir}/auto
[agent]
state_dir = {dir}/own-state
socket = {dir}/own.sock
${sections}`;

export const USERS_AND_LIMITS: readonly Row[] = [
  {
    name: 'the daemon itself runs as somebody else',
    ref: null,
    conf: '',
    steps: [
      ctlCode('shutdown'),
      daemonEnds,
      shell('rm -rf state supervisord.log supervisord.pid; chown nobody . auto'),
      configure(
        '[supervisord]\nuser = nobody\n[program:x]\ncommand = {probes}/report.sh {dir}/shared/report\n[program:y]\ncommand = sleep 1000\nuser = nobody',
      ),
      startDaemon,
      until('x', 'RUNNING'),
      until('y', 'RUNNING'),
      shellFact(
        'user of the daemon',
        'grep "^Uid\\|^Gid\\|^Groups" /proc/{daemon}/status | tr -s " \\t" " "',
      ),
      ctl('status'),
      ctl('restart y'),
      ctl('tail x stderr'),
      shellFact('owner of a log', 'ls -l auto | grep -o "nobody nogroup" | sort -u'),
    ],
    observe: [file('shared/report')],
    ignore: /^gaps/,
    shows: { 'file shared/report': /user: 65534/ },
    needsRoot: true,
  },
  {
    name: 'the daemon runs as somebody, a program as somebody else',
    ref: null,
    conf: '',
    steps: [
      ctlCode('shutdown'),
      daemonEnds,
      shell('rm -rf state supervisord.log supervisord.pid; chown nobody . auto'),
      configure(
        '[supervisord]\nuser = nobody\n[program:x]\ncommand = id -u\nuser = games\nstartsecs = 2\nstartretries = 0\nstderr_logfile = {dir}/auto/err.log\n[program:y]\ncommand = sleep 1000',
      ),
      startDaemon,
      until('x', 'FATAL'),
      until('y', 'RUNNING'),
      ctl('status x'),
      ctl('start x'),
      ctl('restart y'),
      remarks('auto/err.log'),
      daemonNow,
    ],
    ignore: /^gaps/,
    shows: {
      'states of x': 'STARTING BACKOFF FATAL STARTING BACKOFF FATAL',
      '$ status x': /FATAL +Exited too quickly/,
      remarks: `${REMARKS}\n${REMARKS}`,
      'daemon now': 'runs',
    },
    onPurpose: namedError({ error: NOT_ROOT, endings: '', see: AS_USER }),
    needsRoot: true,
  },
  {
    name: 'a user with several groups, and one without a name',
    ref: null,
    conf: '',
    files: {
      passwd:
        'root:x:0:0::/root:/bin/sh\nmany:x:4242:4243::/nowhere:/bin/false\nlone:x:4250:4251::/:/bin/sh\n',
      group:
        'root:x:0:\nmany:x:4243:\none:x:4301:many,other\ntwo:x:4302:lone,many\nthree:x:4303:other\n',
      'own.conf': daemonOf(`[program:many]
command = {probes}/report.sh {dir}/shared/many
user = many
[program:lone]
command = {probes}/report.sh {dir}/shared/lone
user = 4250
umask = 002
`),
    },
    steps: [
      shellFact(
        'daemon',
        '{probes}/with-accounts.sh {dir}/passwd {dir}/group {probes}/for-a-while.sh {dir}/shared/lone {program} -n -c {dir}/own.conf',
      ),
    ],
    observe: [file('shared/many'), file('shared/lone')],
    shows: { 'file shared/many': /groups: 4243 4301 4302/ },
    needsRoot: true,
  },
  {
    name: 'no more descriptors',
    ref: null,
    conf: '[program:x]\ncommand = sleep 1000\nautostart = false\nstartretries = 0\n[program:y]\ncommand = sleep 1000',
    steps: [
      until('y', 'RUNNING'),
      shell(
        'prlimit --pid {daemon} --nofile=$(( $(ls /proc/{daemon}/fd | sort -n | tail -1) + 2 ))',
      ),
      pause(0.3),
      ctl('start x'),
      ctl('status x'),
      daemonNow,
    ],
    shows: { 'spawn errors of x': "too many open files to spawn 'x'", 'daemon now': 'runs' },
  },
  {
    name: 'descriptors are there again',
    ref: null,
    conf: '[program:x]\ncommand = sleep 1000\nautostart = false\nstartretries = 0\n[program:y]\ncommand = sleep 1000',
    steps: [
      until('y', 'RUNNING'),
      shell(
        'prlimit --pid {daemon} --nofile=$(( $(ls /proc/{daemon}/fd | sort -n | tail -1) + 2 )):4096',
      ),
      pause(0.3),
      ctl('start x'),
      shell('prlimit --pid {daemon} --nofile=1024:4096'),
      ctl('start x'),
      until('x', 'RUNNING'),
      daemonNow,
    ],
    ignore: /^gaps/,
    shows: { 'daemon now': 'runs' },
  },
  {
    name: 'too little memory for a program',
    ref: null,
    conf: `[program:x]
command = sh -c "ulimit -v 20000; exec python3 -c 'x = bytearray(100000000)'"
startsecs = 8
startretries = 0
stderr_logfile = {dir}/err.log`,
    steps: [
      until('x', 'FATAL'),
      shellFact('said', 'grep -q Memory err.log && echo yes'),
      daemonNow,
    ],
    ignore: /^gaps/,
    shows: { said: 'yes', 'daemon now': 'runs' },
  },
  {
    name: 'an argument that is too long',
    ref: null,
    conf: `[program:x]\ncommand = echo ${'y'.repeat(140_000)}\nstartsecs = 8\nstartretries = 0`,
    steps: [until('x', 'FATAL'), ctl('status x')],
    shows: { 'endings of x': '127' },
    onPurpose: namedError({
      error: "couldn't exec echo: E2BIG",
      endings: /^(126|127)?$/,
      see: EXECUTED,
    }),
  },
  {
    name: 'a program that forks without end, within bounds',
    ref: null,
    conf: `[program:x]
command = sh -c 'ulimit -u 400; i=0; while [ $i -lt 200 ]; do sleep 1000 & i=$((i+1)); done; wait'
stopasgroup = true
[program:y]
command = sleep 1000`,
    steps: [
      until('x', 'RUNNING'),
      until('y', 'RUNNING'),
      ctl('restart y'),
      ctl('stop x'),
      untilShell('! pgrep -g {pid:x} -r R,S >left'),
      shellFact('left', 'pgrep -g {pid:x} -r R,S | wc -l'),
    ],
    ignore: /^gaps/,
    shows: { left: '0' },
  },
];
