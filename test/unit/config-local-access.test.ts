import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadAgentConfig } from '../../agent/config/load.ts';
import { BUILT_IN_ROLES } from '../../proto/authority.ts';
import { formatProblems } from '../../proto/dialect/problem.ts';
import { fakeAccounts } from '../fakes/config-accounts.ts';
import { fakeConfigFiles } from '../fakes/config-files.ts';

function load(text: string, agent = '[agent]\nsocket_mode = 0777\n') {
  const result = loadAgentConfig('a.conf', {
    env: {},
    hostName: 'web-1',
    workingDirectory: '/etc',
    files: fakeConfigFiles({ '/etc/a.conf': `${agent}${text}` }),
    ...fakeAccounts(),
  });
  const { problems: errors, warnings } = result;
  const { config } = result;
  return { config, access: config?.agent.rules.access, said: formatProblems({ errors, warnings }) };
}

test('without an operator nothing is judged, whatever roles there are', () => {
  assert.equal(load('').access, null);
  const { access, said } = load('[role:web]\nallow = status\n');
  assert.equal(access, null);
  assert.match(said, /warning: \[role:web\] nobody has this role/);
});

test('users and groups are known by their numbers, roles by their names', () => {
  const { access, said } = load(`[operator:alice]
roles = web, viewer
[operator:%ops]
roles = operator
[role:web]
allow = status, restart, signal
deny = stop
processes = web:*
signals = HUP
`);
  assert.equal(said, '');
  assert.deepEqual(access?.operators, [
    { kind: 'user', name: 'alice', id: 1000, roles: ['web', 'viewer'] },
    { kind: 'group', name: 'ops', id: 500, roles: ['operator'] },
  ]);
  assert.deepEqual(access?.roles.slice(0, 3), BUILT_IN_ROLES);
  assert.deepEqual(access?.roles[3], {
    name: 'web',
    allow: new Set(['status', 'restart', 'signal']),
    deny: new Set(['stop']),
    hosts: null,
    processes: ['web:*'],
    signals: ['HUP'],
    maxHosts: null,
    reasonRequired: false,
    runbooks: [],
  });
});

/** Sections → what must be said of them. */
const MISTAKES: readonly (readonly [string, RegExp])[] = [
  ['[operator:alcie]\nroles = viewer', /\[operator:alcie\] Invalid user name "alcie"/],
  ['[operator:%opps]\nroles = viewer', /\[operator:%opps\] Invalid group name "opps"/],
  ['[operator:]\nroles = viewer', /expected a user or a %group/],
  ['[operator:%]\nroles = viewer', /expected a user or a %group/],
  [
    '[operator:alice]\nroles = veiwer',
    /roles: there is no role "veiwer"\n {4}did you mean viewer\?/,
  ],
  ['[operator:alice]\nrole = viewer', /role: this key is not known\n {4}did you mean roles\?/],
  ['[role:admin]\nallow = logs', /the role admin is built in/],
  ['[role:web]\nallow = logs\nhosts = web-*', /hosts: is about a fleet, .*controller\.conf only/],
  ['[role:web]\nallow = logs\nmax_hosts = 3', /max_hosts: is about a fleet/],
  ['[role:web]\nallow = start\nreason_required = 1', /reason_required: is about a fleet/],
  ['[role:web]\nrunbooks = *', /runbooks: is about a fleet/],
  ['[role:web]\nallow = logs, enrol', /allow: enrol: of a fleet only/],
  ['[role:web]\ndeny = audit', /deny: audit: of a fleet only/],
];
for (const [text, wanted] of MISTAKES) {
  test(`a mistake is an error, told by its line: ${text}`, () => {
    const { config, said } = load(`${text}\n`);
    assert.equal(config, null);
    assert.match(said, wanted);
    assert.match(said, /^a\.conf:[3-5]: /);
  });
}

test('an operator without roles may do nothing, and is one all the same', () => {
  const { access, said } = load('[operator:alice]\n');
  assert.deepEqual(access?.operators, [{ kind: 'user', name: 'alice', id: 1000, roles: [] }]);
  assert.match(said, /warning: \[operator:alice\] has no roles, so "alice" may do nothing/);
});

test('that nobody but root can open the socket is told where operators are named', () => {
  const operator = '[operator:alice]\nroles = viewer\n';
  assert.match(load(operator, '[agent]\n').said, /warning: \[operator:alice\] only root and/);
  assert.equal(load(operator, '[agent]\nsocket_mode = 0770\nsocket_owner = root:ops\n').said, '');
  assert.equal(load(operator, '[agent]\nsocket_owner = alice\n').said, '');
});
