import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadControllerConfig } from '../../controller/config/config.ts';
import { type ACTIONS, BUILT_IN_ROLES } from '../../proto/authority.ts';
import { formatProblems } from '../../proto/dialect/problem.ts';
import { fakeConfigFiles } from '../fakes/config-files.ts';

const CONTROLLER = `[controller]
listen = 0.0.0.0:7460
state_dir = state
ca = pki/ca.crt
cert = pki/controller.crt
key = pki/controller.key
`;

function load(text: string) {
  const result = loadControllerConfig('c.conf', {
    env: {},
    hostName: 'ops-1',
    workingDirectory: '/etc',
    files: fakeConfigFiles({ '/etc/c.conf': `${CONTROLLER}${text}` }),
  });
  const said = formatProblems({ ...result, errors: result.problems });
  return { config: result.config, said };
}

/** A role that somebody has, so that only the role itself can be wrong. */
const role = (keys: string) => load(`[operator:alice]\nroles = web\n[role:web]\n${keys}\n`);

const GROUPS = '[hosts:web]\nhosts = web-[1-40] & env=prod\n';

test('a role with everything in it is read as it is written', () => {
  const { config, said } = load(`[operator:alice]
roles = web-oncall, viewer
[role:web-oncall]
allow = status, logs, start, restart, signal
deny = stop
hosts = @web
processes = web:*, nginx
signals = SIGHUP, usr1
max_hosts = 10
reason_required = true
runbooks = web-*, deploy
${GROUPS}[runbook:deploy]
verb = restart
processes = web
hosts = @web
`);
  assert.equal(said, '');
  assert.deepEqual(config?.operators.get('alice'), ['web-oncall', 'viewer']);
  const found = config?.roles.get('web-oncall');
  assert.deepEqual(
    { ...found, hosts: found?.hosts?.text },
    {
      name: 'web-oncall',
      allow: new Set(['status', 'logs', 'start', 'restart', 'signal']),
      deny: new Set(['stop']),
      hosts: '@web',
      processes: ['web:*', 'nginx'],
      signals: ['HUP', 'USR1'],
      maxHosts: 10,
      reasonRequired: true,
      runbooks: ['web-*', 'deploy'],
    },
  );
});

test('the built-in roles are there without being written, as they are', () => {
  const { config, said } = load('[operator:alice]\nroles = admin, operator, viewer\n');
  assert.equal(said, '');
  assert.deepEqual([...(config?.roles.values() ?? [])], BUILT_IN_ROLES);
});

test('what a role does not say is without a limit, and it allows nothing by itself', () => {
  const { config } = role('deny = stop');
  const found = config?.roles.get('web');
  assert.deepEqual([...(found?.allow ?? ['?'])], []);
  assert.equal(found?.hosts, null);
  assert.equal(found?.maxHosts, null);
  assert.equal(found?.reasonRequired, false);
  assert.deepEqual([found?.processes, found?.signals, found?.runbooks], [[], [], []]);
});

test('lists may stand on several lines, with blanks or commas, and each word counts once', () => {
  const { config, said } = role('allow = status,\n  logs status\nprocesses = web:*\n  nginx');
  assert.equal(said, '');
  assert.deepEqual([...(config?.roles.get('web')?.allow ?? [])], ['status', 'logs']);
  assert.deepEqual(config?.roles.get('web')?.processes, ['web:*', 'nginx']);
});

for (const { name } of BUILT_IN_ROLES) {
  test(`[role:${name}] is refused: it is built in`, () => {
    const { config, said } = load(`[operator:alice]\nroles = ${name}\n[role:${name}]\nallow=logs`);
    assert.equal(config, null);
    assert.match(
      said,
      new RegExp(`:9: \\[role:${name}\\] the role ${name} is built in and cannot`),
    );
  });
}

/** Keys of a role → what must be said of them. */
const MISTAKES: readonly (readonly [string, RegExp])[] = [
  ['allow = restrat', /\[role:web\] allow: "restrat" is none of status.*did you mean restart\?/],
  ['allow = Restart', /allow: "Restart" is none of .*did you mean restart\?/],
  ['deny = tail', /deny: "tail" is none of .*reading logs is spelled logs/],
  ['allow = all', /allow: "all" is none of .*give the role admin/],
  ['allow = *', /allow: "\*" is none of .*give the role admin/],
  ['allow = __proto__', /allow: "__proto__" is none of /],
  ['alow = logs', /alow: this key is not known\n {4}did you mean allow\?/],
  ['allow = logs\nprocesses =', /processes: expected processes .*found nothing; without the line/],
  ['allow = logs\nprocesses = ,', /processes: expected processes .*found nothing/],
  ['allow = signal\nsignals =', /signals: expected names of signals.*found nothing/],
  ['allow = signal\nsignals = HUB', /signals: "HUB" is not a signal; did you mean HUP\?/],
  ['allow = signal\nsignals = 12', /signals: "12" is not a signal/],
  ['allow = logs\nhosts =', /hosts: expected a selector of hosts/],
  ['allow = logs\nhosts = web-[', /hosts: expected a selector of hosts: /],
  ['allow = logs\nhosts = @wbe', /hosts: there is no group @wbe\n {4}did you mean @web\?/],
  ['allow = start\nmax_hosts = 0', /max_hosts: expected a number of hosts \(≥ 1\), found "0"/],
  ['allow = start\nmax_hosts = many', /max_hosts: expected a number of hosts/],
  ['allow = start\nreason_required = maybe', /reason_required: expected true or false/],
  ['runbooks =', /runbooks: expected names of runbooks.*found nothing/],
  [`allow = logs\nprocesses = ${'x'.repeat(501)}`, /it?s? ?no name/],
];
for (const [keys, wanted] of MISTAKES) {
  test(`a mistake in a role is told by line and key: ${keys.slice(0, 60)}`, () => {
    const { config, said } = load(`[operator:alice]\nroles=web\n${GROUPS}[role:web]\n${keys}\n`);
    assert.equal(config, null);
    assert.match(said, wanted);
    assert.match(said, /^c\.conf:\d+: \[role:web\]/);
  });
}

/** Selectors that mean other hosts from one moment to the next → what is said of them. */
const MOMENTARY: readonly (readonly [string, RegExp])[] = [
  ['proc:web.state=RUNNING', /cannot depend on what a process is doing/],
  ['web-*!proc:web.uptime<1h', /cannot depend on what a process is doing/],
  ['op:01a20339-3305:failed', /cannot depend on an operation/],
  ['ip:10.0.0.0/8', /cannot depend on addresses/],
  ['~web-.*', /cannot have a regular expression/],
  ['file:hosts.txt', /cannot be read from a file/],
  ['-', /cannot be read from standard input/],
];
for (const [hosts, wanted] of MOMENTARY) {
  test(`the hosts of a role cannot be ${hosts}`, () => {
    const { config, said } = role(`allow = logs\nhosts = ${hosts}`);
    assert.equal(config, null);
    assert.match(said, wanted);
  });
}

for (const hosts of [
  'web-1',
  'web-[1-40]',
  '*',
  'env=prod & zone not in (a, b)',
  '@env:prod, web-*',
]) {
  test(`the hosts of a role can be ${hosts}`, () => {
    const { config, said } = role(`allow = logs\nhosts = ${hosts}`);
    assert.equal(said, '');
    assert.equal(config?.roles.get('web')?.hosts?.text, hosts);
  });
}

test('a group is no way around: what it is made of is looked at, however deep', () => {
  const { config, said } = load(`[operator:alice]
roles = web
[role:web]
allow = logs
hosts = @outer
[hosts:outer]
hosts = web-*, @inner
[hosts:inner]
hosts = proc:web.state=FATAL
`);
  assert.equal(config, null);
  assert.match(said, /\[role:web\] hosts: a role cannot depend on .*, and the group @inner does/);
});

test('groups in a circle are told and looked at once', () => {
  const { config, said } = load(`[operator:alice]
roles = web
[role:web]
allow = logs
hosts = @a
[hosts:a]
hosts = @b
[hosts:b]
hosts = @a
`);
  assert.equal(config, null);
  assert.match(said, /groups refer to one another in a circle/);
});

for (const action of ['enrol', 'revoke', 'audit']) {
  for (const limit of ['hosts = web-*', 'processes = web']) {
    for (const key of ['allow', 'deny']) {
      test(`${key} = ${action} with ${limit} is refused: it is about the whole fleet`, () => {
        const { config, said } = role(`${key} = status, ${action}\n${limit}`);
        assert.equal(config, null);
        assert.match(said, new RegExp(`${key}: ${action} is about the whole fleet`));
      });
    }
  }
  test(`${action} is allowed by a role without such limits`, () => {
    const { config, said } = role(`allow = status, restart, ${action}\nmax_hosts = 3`);
    assert.equal(said, '');
    assert.ok(config?.roles.get('web')?.allow.has(action as (typeof ACTIONS)[number]));
  });
}

/** Roles that can be meant, and are probably not → what is said of them. */
const DOUBTFUL: readonly (readonly [string, RegExp])[] = [
  ['allow = stop, start\ndeny = stop', /deny: denies stop, which allow names too/],
  ['allow = start\nsignals = HUP', /signals: has no effect/],
  ['allow = logs\nmax_hosts = 3', /max_hosts: has no effect/],
  ['allow = status\nreason_required = yes', /reason_required: has no effect/],
  ['allow =', /\[role:web\] this role neither allows nor denies anything/],
  ['hosts = web-*', /\[role:web\] this role neither allows nor denies anything/],
  ['runbooks = nightly', /runbooks: there is no runbook "nightly"/],
];
for (const [keys, wanted] of DOUBTFUL) {
  test(`a role that is probably not meant is a warning: ${keys}`, () => {
    const { config, said } = role(keys);
    assert.ok(config);
    assert.match(said, /warning: /);
    assert.match(said, wanted);
  });
}

test('a runbook of nearly that name is suggested', () => {
  const { said } = load(`[operator:alice]
roles = web
[role:web]
runbooks = nigthly
[runbook:nightly]
verb = restart
processes = web
hosts = *
`);
  assert.match(said, /there is no runbook "nigthly"\n {4}did you mean nightly\?/);
});

test('a role that nobody has is a warning, once there are operators', () => {
  const { config, said } = load('[operator:alice]\nroles = admin\n[role:web]\nallow = logs\n');
  assert.ok(config?.roles.has('web'));
  assert.match(said, /:9: warning: \[role:web\] nobody has this role/);
  assert.doesNotMatch(load('[role:web]\nallow = logs\n').said, /nobody has this role/);
});

test('of a role whose name was mistyped it is not said that nobody has it', () => {
  const { said } = load('[operator:alice]\nroles = wbe\n[role:web]\nallow = logs\n');
  assert.match(said, /there is no role "wbe"\n {4}did you mean web\?/);
  assert.doesNotMatch(said, /nobody has this role/);
});

test('a role that is not there is an error, with what was probably meant', () => {
  const { config, said } = load(
    '[operator:alice]\nroles = admin, Veiwer, web\n[role:wbe]\ndeny=stop',
  );
  assert.equal(config, null);
  assert.match(
    said,
    /:8: \[operator:alice\] roles: there is no role "Veiwer"\n.*did you mean viewer\?/,
  );
  assert.match(said, /there is no role "web"\n {4}did you mean wbe\?/);
});

test('a role with a mistake is still one that is there: only the mistake is told', () => {
  const { said } = load('[operator:alice]\nroles = web\n[role:web]\nallow = nothing-like-it\n');
  assert.match(said, /1 error$/);
});

for (const keys of ['', 'roles =', 'roles = ,']) {
  test(`an operator with ${JSON.stringify(keys)} may do nothing, and that is said`, () => {
    const { config, said } = load(`[operator:alice]\n${keys}\n[operator:bob]\nroles = admin`);
    assert.deepEqual(config?.operators.get('alice'), []);
    assert.match(
      said,
      /warning: \[operator:alice\].* has no roles, so this operator may do nothing/,
    );
  });
}

test('a role is had once, however often it is named', () => {
  const { config } = load('[operator:alice]\nroles = viewer, admin, viewer');
  assert.deepEqual(config?.operators.get('alice'), ['viewer', 'admin']);
});

test('names of operators are as certificates have them, in lower case', () => {
  const { config, said } = load('[operator:Alice]\nroles = admin');
  assert.equal(config, null);
  assert.match(said, /no certificate can be issued to "Alice": .*lower-case letters/);
  assert.match(said, /did you mean \[operator:alice\]\?/);
});

for (const name of ['', 'a b', 'a/b', '../x', '-a', 'x'.repeat(64)]) {
  test(`[operator:${name.slice(0, 10)}] and [role:…] of that name are refused`, () => {
    assert.equal(load(`[operator:${name}]\nroles = admin`).config, null);
    const { config, said } = load(`[operator:alice]\nroles=admin\n[role:${name}]\nallow = logs`);
    assert.equal(config, null);
    assert.match(said, /expected a name after "role:"/);
  });
}

test('a section that is nearly one of these is told which', () => {
  const { said } = load('[operator:alice]\nroles = admin\n[rol:web]\nallow = logs\n[role]\n');
  assert.match(said, /\[rol:web\] this section is not known\n {4}did you mean \[role:NAME\]\?/);
  assert.match(said, /\[role\] this section is not known/);
});

test('a thousand roles and operators are read in no time', () => {
  const many = Array.from({ length: 1_000 }, (_, index) => index);
  const text = many
    .map((n) => `[role:r${n}]\nallow=logs\n[operator:o${n}]\nroles=r${n}\n`)
    .join('');
  const { config, said } = load(text);
  assert.equal(said, '');
  assert.equal(config?.operators.size, 1_000);
});
