/** `healthcheck` and its limits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AgentConfigResult, loadAgentConfig } from '../../agent/config/load.ts';
import { formatProblems } from '../../proto/dialect/problem.ts';
import { fakeAccounts } from '../fakes/config-accounts.ts';
import { fakeConfigFiles } from '../fakes/config-files.ts';

function load(keys: string): AgentConfigResult {
  const text = `[supervisord]\n[program:web]\ncommand=/bin/web\n${keys}`;
  return loadAgentConfig('/agent.conf', {
    env: {},
    hostName: 'web-1',
    workingDirectory: '/',
    files: fakeConfigFiles({ '/agent.conf': text }),
    ...fakeAccounts(),
  });
}

function checkOf(keys: string) {
  const { config, problems, warnings } = load(keys);
  assert.deepEqual([...problems, ...warnings], []);
  return config?.processes[0]?.healthCheck;
}

function said(keys: string): string {
  const { problems, warnings } = load(keys);
  return formatProblems({ errors: problems, warnings });
}

const LIMITS = { intervalMs: 30_000, timeoutMs: 30_000, retries: 3 };

test('each kind of check is read, with the limits that compose files have', () => {
  const probes = [
    ['exec /bin/check "a b"', { kind: 'exec', command: '/bin/check "a b"' }],
    ['HTTP http://[::1]:80/x?y#z', { kind: 'http', url: 'http://[::1]:80/x?y#z' }],
    ['http https://web.example.com', { kind: 'http', url: 'https://web.example.com' }],
    ['tcp 5432', { kind: 'tcp', host: '127.0.0.1', port: 5432 }],
    ['tcp db.local:5432', { kind: 'tcp', host: 'db.local', port: 5432 }],
    ['tcp [::1]:5432', { kind: 'tcp', host: '::1', port: 5432 }],
  ] as const;
  for (const [written, probe] of probes) {
    assert.deepEqual(checkOf(`healthcheck=${written}`), { probe, ...LIMITS });
  }
});

test('the limits can be said, and processes of one program can have their own checks', () => {
  const check = checkOf(
    'healthcheck=tcp 80%(process_num)02d\nhealthcheck_interval=5\nhealthcheck_timeout=2\nhealthcheck_retries=1',
  );
  const probe = { kind: 'tcp', host: '127.0.0.1', port: 8000 };
  assert.deepEqual(check, { probe, intervalMs: 5_000, timeoutMs: 2_000, retries: 1 });
});

test('none is none, so that a program can do without that of [DEFAULT]', () => {
  assert.equal(checkOf('healthcheck=none\n[DEFAULT]\nhealthcheck=tcp 80'), null);
  assert.equal(checkOf(''), null);
});

test('what is no check says what one looks like', () => {
  const expected = 'expected exec COMMAND, http URL, tcp PORT, tcp HOST:PORT or none';
  const mistakes = [
    ['curl -f localhost', `${expected}, found "curl -f localhost"`],
    ['exce true', `${expected}, found "exce true"; did you mean exec?`],
    ['http://x/', `${expected}, found "http://x/"; write http in front of the URL`],
    ['exec', 'expected a command after exec, found nothing'],
    ['exec ""', 'expected a command after exec, found an empty word'],
    ['exec a "b', 'the command cannot be split into words: No closing quotation'],
    ['http', 'expected http://… or https://… after http, found nothing'],
    ['http localhost:80', 'expected http://… or https://… after http, found "localhost:80"'],
    ['http ftp://x', 'expected http://… or https://… after http, found "ftp://x"'],
    ['http http://a b', 'expected http://… or https://… after http, found "http://a b"'],
    ['http http://:80', 'expected http://… or https://… after http, found "http://:80"'],
    ['tcp', 'expected PORT or HOST:PORT after tcp, found nothing'],
    ['tcp 0', 'expected PORT or HOST:PORT after tcp, found "0"'],
    ['tcp 65536', 'expected PORT or HOST:PORT after tcp, found "65536"'],
    ['tcp ::1:80', 'expected PORT or HOST:PORT after tcp, found "::1:80"'],
  ];
  for (const [written, message] of mistakes) {
    assert.equal(
      said(`healthcheck=${written}`),
      `/agent.conf:4: [program:web] healthcheck: ${message}\n1 error`,
    );
  }
});

test('a check without a pause, a time or a try is refused', () => {
  for (const key of ['interval', 'timeout', 'retries']) {
    const text = said(`healthcheck=tcp 80\nhealthcheck_${key}=0`);
    assert.match(text, new RegExp(`:5: \\[program:web\\] healthcheck_${key}: expected .*≥ 1`));
  }
});

test('a limit without a check is told, but not one that [DEFAULT] gives to all', () => {
  assert.equal(
    said('healthcheck_retries=5'),
    '/agent.conf:4: warning: [program:web] healthcheck_retries: has no effect without healthcheck\n1 warning',
  );
  assert.equal(said('[DEFAULT]\nhealthcheck_retries=5'), '');
});
