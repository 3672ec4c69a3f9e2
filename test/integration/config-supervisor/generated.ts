/**
 * Program sections as nobody would write them: random keys with random values, right and wrong ones,
 * repeated, in groups, with variables. Nothing in `differences.ts` may be made of these pieces.
 */
import fc from 'fast-check';

const BOOLEANS = ['true', 'False', 'yes', 'NO', 'on', 'off', '1', '0', 'maybe', '', 'truee', '2'];
const NUMBERS = [
  '0',
  '1',
  '7',
  '+3',
  '007',
  ' 5 ',
  'x',
  '',
  '1.5',
  '1e3',
  '--1',
  '-1',
  '0x10',
  '3600',
];
const SIZES = ['0', '10', '1KB', '2mb', '3 GB', '1.5MB', 'KB', '10B', '', '5TB', '+1KB', 'x', '1k'];
const FILES = [
  ...['AUTO', 'auto', 'NONE', 'none', 'off', 'OFF', 'syslog', 'SYSLOG', '', 'out.log', './x.log'],
  ...['%(program_name)s.log', '%(group_name)s-%(process_num)d.log', 'logs/%(ENV_OWN)s', '~/o.log'],
  ...['/nowhere/o.log', 'nowhere/o.log', '%(nope)s.log', '/dev/stdout', '/dev/stderr', 'a b.log'],
  ...['%(here)s/o.log', '/dev/fd/1', 'o%%%%.log', 'Nonesuch', 'syslogd', '/dev/null'],
];
const SIGNALS = ['TERM', 'term', 'SIGINT', 'sigquit', '9', '15', 'USR1', 'NOPE', '', '99', 'SIG'];
const COMMANDS = [
  ...['/bin/true', 'x', 'a "b c" d', '"unclosed', '%(process_num)d of %(numprocs)d', '%(here)s/x'],
  ...['%(ENV_OWN)s', '%(ENV_LAYER)s', '%(group_name)s:%(program_name)s', '%(nope)s', '100%%', '%'],
  ...['%(host_node_name)s', '%(process_num)03d', 'a;b', 'a ;b', 'a\n  b', '%(ENV_HOME)s/x'],
];
const ENVIRONMENTS = [
  ...['', 'OWN="1"', 'OWN=a,LAYER=b', 'OWN="a,b",', 'OWN="%(process_num)d"', 'A="%(ENV_LAYER)s"'],
  ...['A', 'A=', '="x"', 'A="x', "A='x'", 'A="x" B="y"', 'A="1",\n  B="2"', 'A="%(nope)s"'],
  ...['A="%%",OWN="z"', 'A=b;c', 'PATH=/a:/b', 'A="%(program_name)s"', 'A="%(here)s"', 'A=1,A=2'],
];

const VALUES: Readonly<Record<string, readonly string[]>> = {
  process_name: [
    ...[
      '%(program_name)s',
      '%(program_name)s_%(process_num)02d',
      '%(process_num)d%(program_name)s',
      'fix_%(program_name)s',
      'a b',
    ],
    ...[
      'a:b',
      'a/b',
      '%(group_name)s:',
      '%(process_num)x_%(program_name)s',
      '%(nope)s',
      '%(program_name)s%(numprocs)d',
    ],
  ],
  numprocs: ['1', '2', '11', '1', '2', 'x', ''],
  numprocs_start: ['0', '1', '98', '-1', 'x'],
  priority: ['-1', '0', '1', '10', '999', '1000', '+5', 'high', ''],
  autostart: BOOLEANS,
  autorestart: [...BOOLEANS, 'unexpected', 'UNEXPECTED', 'always'],
  startsecs: NUMBERS,
  startretries: NUMBERS,
  exitcodes: ['0', '0,2', ' 1 , 2 ', '', '255', '256', '0,', 'x', '1 2', '-1', '0,0', '007'],
  stopsignal: SIGNALS,
  stopwaitsecs: NUMBERS,
  stopasgroup: BOOLEANS,
  killasgroup: BOOLEANS,
  redirect_stderr: BOOLEANS,
  umask: ['022', '22', '0o22', '777', '8', 'x', '', '0'],
  user: ['root', '0', 'www-data', '33', 'nobody', 'nosuch', '4711', '', '%(ENV_USER_NAME)s'],
  directory: ['/tmp', '/nowhere', '%(here)s', '%(ENV_OWN)s', 'w%(process_num)d', '%(nope)s', '~'],
  environment: ENVIRONMENTS,
  serverurl: ['AUTO', 'auto', '', 'http://x:1', 'unix:///y', 'anything'],
  stdout_logfile: FILES,
  stderr_logfile: FILES,
  stdout_logfile_maxbytes: SIZES,
  stderr_logfile_maxbytes: SIZES,
  stdout_logfile_backups: NUMBERS,
  stderr_logfile_backups: NUMBERS,
  stdout_syslog: BOOLEANS,
  stderr_syslog: BOOLEANS,
  unknown_key: ['x'],
};

/** Most values are right ones, else hardly a file would be accepted. */
const key = fc.constantFrom(...Object.keys(VALUES)).chain((name) => {
  const values = VALUES[name] ?? [];
  const early = Math.max(1, Math.ceil(values.length / 3));
  const value = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...values.slice(0, early)) },
    { weight: 1, arbitrary: fc.constantFrom(...values) },
  );
  return value.map((chosen) => `${name}=${chosen}`);
});

const program = (name: string) =>
  fc
    .tuple(fc.constantFrom(...COMMANDS), fc.array(key, { maxLength: 6 }))
    .map(([command, keys]) => `[program:${name}]\ncommand=${command}\n${keys.join('\n')}\n`);

const around = fc.constantFrom(
  '',
  '[group:g]\nprograms=a\n',
  '[group:g]\nprograms=b,a\npriority=5\n',
  '[group:g]\nprograms=a\n[group:h]\nprograms=a,b\npriority=-1\n',
  '[group:g]\nprograms=nosuch\n',
  '[group:g]\npriority=1\n',
  '[group:g]\nprograms=a\npriority=x\n',
  '[unix_http_server]\nfile=/run/s.sock\n',
  '[inet_http_server]\nport=*:9001\n[unix_http_server]\nfile=s.sock\n',
  '[inet_http_server]\nport=Localhost:9001\n',
  '[supervisord]\nenvironment=LAYER="global",GLOBAL="%(ENV_LAYER)s"\n',
  '[supervisord]\nuser=0\nminfds=10\nminprocs=11\nloglevel=warn\nlogfile_maxbytes=1KB\n',
  '[supervisord]\nlogfile=logs/main.log\nlogfile_backups=2\npidfile=logs/pid\nstrip_ansi=on\n',
  '[supervisord]\nlogfile=/dev/null\nloglevel=Blather\nchildlogdir=logs\n',
  '[supervisord]\nlogfile=/dev/stdout\nlogfile_maxbytes=0\nloglevel=CRITICAL\n',
  '[supervisord]\nuser=nosuch\n',
  '[supervisord]\nloglevel=loud\n',
  '[supervisord]\nnodaemon=maybe\n',
  '[supervisord]\nchildlogdir=/nowhere\n',
  '[supervisord]\npidfile=/nowhere/pid\n',
  '[supervisord]\nlogfile=/nowhere/log\n',
  '[DEFAULT]\npriority=3\nautostart=no\n',
);

const file = fc
  .tuple(program('a'), fc.option(program('b'), { nil: '' }), around)
  .map((parts) => `[supervisord]\n${parts.join('')}`);

/** The same ones each time; another seed looks for others. */
export const generatedFiles = (numRuns: number, seed: number): readonly string[] =>
  fc.sample(file, { numRuns, seed });
