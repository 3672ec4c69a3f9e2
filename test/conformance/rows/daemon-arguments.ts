/** How supervisord may be started: its flags, and files that cannot be read. */
import type { Row } from '../row.ts';
import { daemonNow, shellFact } from '../steps.ts';

/** With what it ends, and on which of the two it said something. */
const flags = (words: string) =>
  shellFact(
    words,
    `timeout -s KILL 8 {program} ${words} >said 2>said.err </dev/null; echo exit $?
     test -s said && echo on stdout; test -s said.err && echo on stderr`,
  );

/** A daemon of its own with these flags: the umask of a program, what the flags made, the end. */
const withFlags = (words: string) =>
  shellFact(
    words,
    `rm -rf own-state up flag.*; {probes}/for-a-while.sh {dir}/up {program} -c {dir}/own.conf ${words}
     cat up; ls | grep "^flag"`,
  );

const OWN_CONF = `[supervisord]
logfile = {dir}/own.log
pidfile = {dir}/own.pid
childlogdir = {dir}/auto
[agent]
state_dir = {dir}/own-state
socket = {dir}/own.sock
[program:x]
command = sh -c "umask >{dir}/up; exec sleep 1000"
`;

const WITH_UMASK = '-n -m 027 -i mine -q {dir}/auto -k -t -s -a 512';

const IN_PLACE_OF_THE_FILE = [
  '-n -l {dir}/flag.log -j {dir}/flag.pid -e debug -y 1MB -z 3',
  WITH_UMASK,
  '-nsk -l{dir}/flag.log -j{dir}/flag.pid --logfile_backups=2 --logfile_maxbytes=2MB --strip_ansi',
  '-n -d {dir} -u root --loglevel=debug --minfds=500 --minprocs=100',
];

const CANNOT_BE = [
  ...['-e loud', '--loglevel=', '-l {dir}/none/x', '-j {dir}/none/x', '-y many', '-z many', '-m 9'],
  ...['-u no-such-user', '-d {dir}/none', '--childlogdir={dir}/none', '-a few', '--minprocs few'],
  ...['-l', '-n=1', '--nodaemon=1', '-t word'],
];

export const DAEMON_ARGUMENTS: readonly Row[] = [
  {
    name: 'flags of the daemon that print something, or are none',
    ref: null,
    conf: '',
    files: { 'empty.conf': '', 'bad.conf': '[program:x\n' },
    steps: [
      ...['-v', '--version', '-h', '--help', '--frobnicate', '-Z', 'word', '-c'].map(flags),
      ...['nowhere.conf', '', 'empty.conf', 'bad.conf'].map((file) => flags(`-n -c {dir}/${file}`)),
      daemonNow,
    ],
    shows: {
      '-v': 'exit 0\non stdout',
      '--frobnicate': 'exit 2\non stderr',
      '-n -c {dir}/nowhere.conf': 'exit 2\non stderr',
    },
  },
  {
    name: 'a daemon that stays in the foreground',
    ref: null,
    conf: '',
    files: { 'own.conf': OWN_CONF },
    steps: [withFlags('-n')],
    shows: { '-n': 'exit 0\n0022' },
  },
  {
    name: 'flags of the daemon in place of what the file says',
    ref: null,
    conf: '',
    files: { 'own.conf': OWN_CONF },
    steps: IN_PLACE_OF_THE_FILE.map(withFlags),
    shows: {
      '-n -l {dir}/flag.log -j {dir}/flag.pid -e debug -y 1MB -z 3': /0022\nflag\.log/,
      [WITH_UMASK]: 'exit 0\n0022',
    },
    onPurpose: [{ fact: WITH_UMASK, ours: 'exit 0\n0027', see: '`umask` of `[supervisord]`' }],
    needsRoot: true,
  },
  {
    name: 'values of flags that cannot be',
    ref: null,
    conf: '',
    files: { 'own.conf': OWN_CONF },
    steps: CANNOT_BE.map((words) => flags(`-n -c {dir}/own.conf ${words}`)),
    shows: Object.fromEntries(
      CANNOT_BE.map((words) => [`-n -c {dir}/own.conf ${words}`, 'exit 2\non stderr']),
    ),
  },
];
