import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadControllerConfig } from '../../controller/config/config.ts';
import { formatProblems } from '../../proto/dialect/problem.ts';
import { fakeConfigFiles } from '../fakes/config-files.ts';

const CONTROLLER = `[operator:alice]
roles = admin
[controller]
listen = 0.0.0.0:7460
state_dir = state
ca = pki/ca.crt
cert = pki/controller.crt
key = pki/controller.key
`;

function load(lines: string) {
  const result = loadControllerConfig('controller.conf', {
    env: {},
    hostName: 'ops-1',
    workingDirectory: '/etc/fleetvisor',
    files: fakeConfigFiles({ '/etc/fleetvisor/controller.conf': `${CONTROLLER}${lines}` }),
  });
  const said = formatProblems({ ...result, errors: result.problems });
  return { config: result.config, said };
}

const DAY_MS = 86_400_000;

test('nobody new is let in, and nothing is signed, unless the file says so', () => {
  const { config, said } = load('');
  assert.equal(said, '');
  assert.deepEqual(
    [config?.enrollListen, config?.joinAddress, config?.advertise, config?.caKey],
    [null, null, null, null],
  );
});

test('certificates live for a week, a month and a month, and the record a year', () => {
  const { config } = load('');
  assert.deepEqual(config?.lives, { agentDays: 7, operatorDays: 30, controllerDays: 30 });
  assert.equal(config?.auditRetentionMs, 365 * DAY_MS);
  assert.equal(config?.eventRetentionMs, 14 * DAY_MS);
  assert.equal(config?.operationRetentionMs, DAY_MS);
});

test('all that there is to say about newcomers and time is read', () => {
  const { config, said } = load(`enroll_listen = :7461
join_address = join.example.com:443
advertise = ops-1.example.com:7460, [2001:db8::7]:7460
ca_key = pki/ca.key
ca_key_passphrase_file = /run/secrets/passphrase
agent_days = 3
operator_days = 1
controller_days = 90
audit_retention = 730d
event_retention = 36h
operation_retention = 7200
`);
  assert.equal(said, '');
  assert.deepEqual(config?.enrollListen, { host: '0.0.0.0', port: 7461 });
  assert.deepEqual(config.joinAddress, { host: 'join.example.com', port: 443 });
  assert.deepEqual(config.advertise, [
    { host: 'ops-1.example.com', port: 7460 },
    { host: '2001:db8::7', port: 7460 },
  ]);
  const passphraseFile = '/run/secrets/passphrase';
  assert.deepEqual(config.caKey, { key: '/etc/fleetvisor/pki/ca.key', passphraseFile });
  assert.deepEqual(config.lives, { agentDays: 3, operatorDays: 1, controllerDays: 90 });
  assert.equal(config.auditRetentionMs, 730 * DAY_MS);
  assert.equal(config.eventRetentionMs, 1.5 * DAY_MS);
  assert.equal(config.operationRetentionMs, DAY_MS / 12);
});

for (const line of [
  'agent_days = 0',
  'operator_days = 826',
  'controller_days = 1.5',
  'audit_retention = 6d',
  'audit_retention = 0',
  'audit_retention = for ever',
  'event_retention = 10m',
  'operation_retention = 1h',
  'operation_retention = -1',
  'enroll_listen = 7461',
  'join_address = ops-1',
  'join_address = :7461',
  'advertise =',
  'ca_key =',
]) {
  test(`${line} is refused, and what is expected is said`, () => {
    const { config, said } = load(line);
    assert.equal(config, null);
    const [key] = line.split(' ');
    assert.match(said, new RegExp(`\\[controller\\] ${key}: expected .*, found`));
  });
}

test('what has no effect as it stands is doubted', () => {
  const { config, said } = load('join_address = a.example:1\nca_key_passphrase_file = /p\n');
  assert.ok(config);
  assert.match(said, /warning: \[controller\] join_address: has no effect without enroll_listen/);
  assert.match(
    said,
    /warning: \[controller\] ca_key_passphrase_file: has no effect without ca_key/,
  );
});
