/**
 * Every option of `[supervisord]`, with right and wrong values: also those that have no effect on the
 * agent, because whoever wrote them wants to know that they are wrong. Nothing in `differences.ts` is
 * among them.
 */
const BOOLEANS = ['true', 'OFF', '1', '', 'maybe', '2'];
const NUMBERS = ['0', '7', '+3', ' 5 ', '', 'x', '1.5', '0x10'];
const DIRECTORIES = ['/usr', 'logs', '~', '%(here)s', '%(nope)s', '/nowhere', '', '/etc/passwd'];
const FILES = ['/tmp/x', 'x', 'logs/x', '~/x', '%(here)s/x', '%(nope)s', '/nowhere/x', 'nowhere/x'];

const VALUES: Readonly<Record<string, readonly string[]>> = {
  nodaemon: BOOLEANS,
  silent: BOOLEANS,
  nocleanup: BOOLEANS,
  strip_ansi: BOOLEANS,
  minfds: NUMBERS,
  minprocs: NUMBERS,
  logfile_backups: NUMBERS,
  logfile_maxbytes: ['0', '1KB', '2 mb', '', 'x', '1.5MB', '1TB'],
  directory: DIRECTORIES,
  childlogdir: DIRECTORIES,
  logfile: FILES,
  pidfile: FILES,
  loglevel: ['info', 'WARN', 'blather', '', 'loud', '20', '%(nope)s'],
  umask: ['022', '0', '777', '', '8', 'x'],
  user: ['root', '0', 'www-data', '33', 'nosuch', '4711', '%(nope)s'],
  identifier: ['x', '', 'a b', '%(here)s', '%(nope)s', '100%'],
  profile_options: ['cumulative,calls', 'nonsense', '', '%(nope)s'],
  environment: ['A=1', 'A="1",B=2', '', 'A', 'A="x', 'A=%(here)s', 'A="%(nope)s"'],
  unknown_option: ['x', '%(nope)s'],
};

export const DAEMON_OPTIONS: readonly string[] = Object.entries(VALUES).flatMap(([key, values]) =>
  values.map((value) => `${key}=${value}`),
);
