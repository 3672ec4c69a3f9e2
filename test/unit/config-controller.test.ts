import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadControllerConfig } from '../../controller/config.ts';
import { formatProblems } from '../../proto/dialect/problem.ts';
import { fakeConfigFiles } from '../fakes/config-files.ts';

const CONTROLLER = `[controller]
listen = 0.0.0.0:7460
state_dir = state
ca = pki/ca.crt
cert = pki/controller.crt
key = pki/controller.key
`;
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
    stateDir: '/etc/fleetvisor/state',
    ca: '/etc/fleetvisor/pki/ca.crt',
    cert: '/etc/fleetvisor/pki/controller.crt',
    key: '/etc/fleetvisor/pki/controller.key',
    unreachableAfterMs: 15_000,
    operators: ['alice', 'bob'],
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

test('listeners that are not served yet are told, and are no doubt', () => {
  const { config, said } = load(
    `${CONTROLLER}enroll_listen = :7461\nhttp_listen = :7462\n${ALICE}`,
  );
  assert.ok(config);
  assert.match(said, /notice: \[controller\] enroll_listen: is not supported yet/);
  assert.match(said, /notice: \[controller\] http_listen: is not supported yet/);
});

test('without an operator the controller runs, but says that nobody may command', () => {
  const { config, said } = load(CONTROLLER);
  assert.deepEqual(config?.operators, []);
  assert.match(said, /warning: has no \[operator:NAME\] section/);
});

for (const roles of ['web-oncall', '', 'Admin', 'administrator']) {
  test(`roles = ${JSON.stringify(roles)} grants nothing, because less than everything cannot be had yet`, () => {
    const { config, said } = load(`${CONTROLLER}[operator:alice]\nroles = ${roles}`);
    assert.deepEqual(config?.operators, []);
    assert.match(said, /warning: \[operator:alice\] roles: expected admin, found /);
  });
}

test('an admin is one whatever other roles are named beside it', () => {
  const { config } = load(`${CONTROLLER}[operator:alice]\nroles = web-oncall, admin`);
  assert.deepEqual(config?.operators, ['alice']);
});

test('an operator who is named without roles may do everything, and that is said', () => {
  const { config, said } = load(`${CONTROLLER}[operator:alice]`);
  assert.deepEqual(config?.operators, ['alice']);
  assert.match(said, /warning: \[operator:alice\] has no roles, which means everything/);
});

test('a section for a role is taken for what it is, and nobody has that role yet', () => {
  const { config, said } = load(`${CONTROLLER}${ALICE}[role:web]\nallow = status`);
  assert.deepEqual(config?.operators, ['alice']);
  assert.match(said, /notice: \[role:web\] roles come in a later version/);
});

test('names that no certificate can carry are refused', () => {
  for (const name of ['', 'a b', 'a/b', '../x', '-a', 'x'.repeat(64)]) {
    const { config, said } = load(`${CONTROLLER}[operator:${name}]\nroles = admin`);
    assert.equal(config, null);
    assert.match(said, /expected a name of letters/);
  }
});
