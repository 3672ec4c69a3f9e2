/** Flags of supervisord, and what they mean beside the configuration. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SETTING_FLAGS } from '../../agent/config/flags.ts';
import { loadAgentConfig } from '../../agent/config/load.ts';
import { parseDaemonArguments } from '../../proto/daemon/arguments.ts';
import { formatProblems } from '../../proto/dialect/problem.ts';
import { fakeAccounts } from '../fakes/config-accounts.ts';
import { fakeConfigFiles } from '../fakes/config-files.ts';

const AGENT = {
  ...{ name: 'fleet-agent', description: '', defaultConfig: '/etc/default.conf' },
  settingFlags: SETTING_FLAGS,
  commands: [],
};

const FILE = `[supervisord]
logfile = /var/log/file.log
loglevel = warn
umask = 077
minfds = 2000
[program:x]
command = sleep 1
`;

const parse = (...words: readonly string[]) => parseDaemonArguments(AGENT, words);

/** Each that was given, as text. */
const given = (...words: readonly string[]) =>
  Object.fromEntries([...parse(...words).settings].map(([key, { value }]) => [key, value]));

function load(words: readonly string[], text = FILE) {
  const around = {
    env: { HOME: '/root' },
    hostName: 'web-1',
    workingDirectory: '/srv',
    files: fakeConfigFiles({ '/etc/default.conf': text }, ['/var/log', '/srv', '/root']),
    ...fakeAccounts(),
  };
  const { configPath, settings } = parse(...words);
  const { config, problems: errors, warnings } = loadAgentConfig(configPath, around, settings);
  return { config, said: formatProblems({ errors, warnings }) };
}

test('a value stands in the next word, in the same one, or behind the long name', () => {
  const words = [['-l', 'a.log'], ['-la.log'], ['--logfile', 'a.log'], ['--logfile=a.log']];
  for (const spelled of words) assert.deepEqual(given(...spelled), { logfile: 'a.log' });
  assert.deepEqual(given('--logfile='), { logfile: '' });
  assert.deepEqual(given('-l', '-t'), { logfile: '-t' });
});

test('flags without a value can be written as one word, and the last one may have a value', () => {
  const all = { silent: 'true', nocleanup: 'true', strip_ansi: 'true', loglevel: 'info' };
  assert.deepEqual(given('-nskte', 'info'), all);
  assert.deepEqual(given('-n', '--silent', '-k', '--strip_ansi', '-einfo'), all);
});

test('the configuration is named by -c, by its long name, or as before', () => {
  const words = [['-c', '/f'], ['-c/f'], ['--configuration=/f'], ['--config', '/f']];
  for (const spelled of words) assert.equal(parse(...spelled).configPath, '/f');
  assert.equal(parse().configPath, '/etc/default.conf');
});

test('every flag is a setting of supervisord', () => {
  const withValue = ['-u=u', '-m=022', '-d=/srv', '-l=x', '-y=1MB', '-z=1', '-e=info', '-j=p'];
  const more = ['-i=me', '-q=/srv', '-a=1', '--minprocs=1', '--profile_options=calls'];
  const words = [...withValue, ...more].map((word) => word.replace(/^(-.)=/, '$1'));
  assert.equal(parse(...words, '-t', '-k', '-s').settings.size, SETTING_FLAGS.length);
  const { said } = load(['-t', '-k', '-s', ...words.slice(1)]);
  assert.equal(said, '');
});

test('a flag counts in place of what the file says, and the rest of the file stays', () => {
  const { config } = load(['-l', 'flag.log', '-m', '027', '-t']);
  assert.deepEqual(config?.agent.mainLog, {
    ...{ path: '/srv/flag.log', maxBytes: 50 * 1024 * 1024, backups: 10, level: 'warn' },
  });
  assert.equal(config?.agent.minFds, 2_000);
  assert.deepEqual(
    config?.processes.map(({ umask, stripAnsi }) => [umask, stripAnsi]),
    [[0o027, true]],
  );
});

test('a flag counts where the file has no such section, unless it is no file of an agent', () => {
  assert.equal(load(['-a', '500'], '[agent]\n').config?.agent.minFds, 500);
  assert.equal(load(['-a', '500'], '[program:x]\ncommand = x\n').config, null);
});

test('a wrong value is told as in the file, with the flag that it came by', () => {
  const { config, said } = load(['-e', 'loud', '--minfds=few', '-j/none/x']);
  assert.equal(config, null);
  const lines = said.split('\n');
  assert.deepEqual(lines.slice(0, 3).toSorted(), [
    'command line, --loglevel: [supervisord] loglevel: expected one of critical, error, warn, info, debug, trace, blather, found "loud"',
    'command line, --minfds: [supervisord] minfds: expected a whole number (≥ 0), found "few"',
    'command line, --pidfile: [supervisord] pidfile: there is no directory "/none"',
  ]);
});

test('nothing is expanded in a flag, and ~ is the home directory', () => {
  assert.equal(load(['-l', '%(here)s%.log']).config?.agent.mainLog.path, '/srv/%(here)s%.log');
  assert.equal(load(['-l', '~/a.log']).config?.agent.mainLog.path, '/root/a.log');
});
