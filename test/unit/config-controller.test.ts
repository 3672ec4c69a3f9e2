import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadControllerConfig } from '../../controller/config/config.ts';
import { BUILT_IN_ROLES } from '../../proto/authority.ts';
import { formatProblems } from '../../proto/dialect/problem.ts';
import { fakeConfigFiles } from '../fakes/config-files.ts';

const CONTROLLER = `[controller]
listen = 0.0.0.0:7460
state_dir = state
ca = pki/ca.crt
cert = pki/controller.crt
key = pki/controller.key
`;
const DAY_MS = 86_400_000;
const ALICE = '[operator:alice]\nroles = admin\n';

function load(text: string) {
  const result = loadControllerConfig('controller.conf', {
    env: {},
    hostName: 'ops-1',
    workingDirectory: '/etc/fleetvisor',
    files: fakeConfigFiles({
      '/etc/fleetvisor/controller.conf': text,
      '/etc/fleetvisor/operators.conf': '[operator:bob]\nroles = admin',
    }),
  });
  const said = formatProblems({ ...result, errors: result.problems });
  return { config: result.config, said };
}

test('a controller and its operators are read', () => {
  const { config, said } = load(`${CONTROLLER}${ALICE}[include]\nfiles = operators.conf`);
  assert.equal(said, '');
  assert.deepEqual(config, {
    listen: { host: '0.0.0.0', port: 7460 },
    ...{ enrollListen: null, joinAddress: null, advertise: null, caKey: null },
    stateDir: '/etc/fleetvisor/state',
    ca: '/etc/fleetvisor/pki/ca.crt',
    cert: '/etc/fleetvisor/pki/controller.crt',
    key: '/etc/fleetvisor/pki/controller.key',
    lives: { agentDays: 7, operatorDays: 30, controllerDays: 30 },
    auditRetentionMs: 365 * DAY_MS,
    eventRetentionMs: 14 * DAY_MS,
    operationRetentionMs: DAY_MS,
    unreachableAfterMs: 15_000,
    roles: new Map(BUILT_IN_ROLES.map((role) => [role.name, role])),
    operators: new Map([
      ['alice', ['admin']],
      ['bob', ['admin']],
    ]),
    hostGroups: new Map(),
    runbooks: new Map(),
    batchRequiredAbove: null,
  });
});

test('unreachable_after is in seconds', () => {
  const { config } = load(`${CONTROLLER}unreachable_after = 60\n${ALICE}`);
  assert.equal(config?.unreachableAfterMs, 60_000);
});

test('a file without [controller] is told what to add, by an example that is right', () => {
  const { config, said } = load(ALICE);
  assert.equal(config, null);
  const example = said.split('\n').filter((line) => /^ {4}(?:\[controller\]|\w+ = )/.test(line));
  assert.equal(load(`${example.map((line) => line.trim()).join('\n')}\n${ALICE}`).said, '');
});

test('keys and sections that are not known are errors', () => {
  const { config, said } = load(`${CONTROLLER}listn = 1\n${ALICE}[operater:bob]\n[program:web]`);
  assert.equal(config, null);
  assert.match(said, /\[controller\] listn: this key is not known\n {4}did you mean listen\?/);
  assert.match(
    said,
    /\[operater:bob\] this section is not known\n {4}did you mean \[operator:NAME\]\?/,
  );
  assert.match(said, /\[program:web\] this section is not known\n/);
});

test('a listener that is not served yet is told, and is no doubt', () => {
  const { config, said } = load(`${CONTROLLER}http_listen = :7462\n${ALICE}`);
  assert.ok(config);
  assert.match(said, /notice: \[controller\] http_listen: is not supported yet/);
});

test('without an operator the controller runs, but says that nobody may command', () => {
  const { config, said } = load(CONTROLLER);
  assert.equal(config?.operators.size, 0);
  assert.match(said, /warning: has no \[operator:NAME\] section/);
});
