/** How supervisord may be started: its flags, and files that cannot be read. */
import type { Row } from '../row.ts';
import { daemonNow, shellFact } from '../steps.ts';

const flags = (words: string) =>
  shellFact(
    `${words}`,
    `timeout -s KILL 8 {program} ${words} >said 2>said.err </dev/null; echo exit $?; test -s said && echo on stdout; test -s said.err && echo on stderr`,
  );

export const DAEMON_ARGUMENTS: readonly Row[] = [
  {
    name: 'flags of the daemon that print something, or are none',
    ref: null,
    conf: '',
    files: { 'empty.conf': '', 'bad.conf': '[program:x\n' },
    steps: [
      flags('-v'),
      flags('--version'),
      flags('-h'),
      flags('--help'),
      flags('--frobnicate'),
      flags('-Z'),
      flags('word'),
      flags('-c'),
      flags('-c {dir}/nowhere.conf'),
      flags('-n -c {dir}'),
      flags('-n -c {dir}/empty.conf'),
      flags('-n -c {dir}/bad.conf'),
      flags('-n -c ""'),
      flags('-n -c {dir}/supervisord.conf -u no-such-user'),
      flags('-n -c {dir}/supervisord.conf -e loud'),
      flags('-n -c {dir}/supervisord.conf -m 9'),
      daemonNow,
    ],
    shows: {},
  },
  {
    name: 'flags of the daemon that say what the file says',
    ref: null,
    conf: '',
    files: {
      'run.sh': `#!/bin/sh
# Starts a daemon of its own with the flags that are given, and ends it.
mkdir -p own
cat >own/x.conf <<END
[supervisord]
logfile = {dir}/own/file.log
pidfile = {dir}/own/file.pid
childlogdir = {dir}/auto
[agent]
state_dir = {dir}/own/state
socket = {dir}/own/a.sock
[program:x]
command = sh -c "umask >{dir}/own/up; pwd >>{dir}/own/up; exec sleep 1000"
END
rm -rf own/state own/up
{program} -c {dir}/own/x.conf "$@" >own/said 2>&1 &
n=0
while [ $n -lt 60 ] && [ ! -s own/up ] && kill -0 $! 2>/dev/null; do sleep 0.1; n=$((n+1)); done
sleep 0.2
cat own/up 2>/dev/null | head -1
for f in flag.log flag.pid; do test -e own/$f && echo $f; done
kill $!
wait $!
echo exit $?
rm -f own/*.log own/*.pid
`,
    },
    steps: [
      '-n',
      '-n -l {dir}/own/flag.log',
      '-n -j {dir}/own/flag.pid',
      '-n -e debug',
      '-n -m 027',
      '-n -i mine',
      '-n -q {dir}/auto',
      '-n -k',
      '-n -t',
      '-n -s',
      '-n -a 512',
      '-n -y 1MB -z 3',
      '-n -d {dir}',
      '-n --nodaemon',
      '-n --loglevel=debug',
      '-n --minfds=500 --minprocs=100',
      '--configuration={dir}/own/x.conf -n',
      '-n -u root',
    ].map((words) => shellFact(words, `./run.sh ${words}`)),
    shows: { '-n': /^0022\nexit 0$/ },
  },
];
