import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GROUP_NESTING_MAX } from '../../proto/selector/limits.ts';
import type { ProcessStatus, TargetState } from '../../proto/vocabulary.ts';
import { hostId } from '../../proto/vocabulary.ts';
import { anId, aStatus } from '../fakes/controller-fleet.ts';
import {
  aFleetView,
  aHostView,
  groupsOf,
  meant,
  refused,
  SELECTED_AT_MS,
} from '../fakes/selector-fleet.ts';

function labelled(labels: Readonly<Record<string, Readonly<Record<string, string>>>>) {
  return aFleetView(Object.entries(labels).map(([name, own]) => aHostView(name, { labels: own })));
}

const LABELLED = labelled({
  a: { env: 'prod', role: 'web', 'app.example.com/tier': 'front' },
  b: { env: 'prod-eu', role: 'db' },
  c: { env: 'dev', role: 'api', city: 'New York', odd: 'a"b\\c' },
  d: { env: '' },
  e: {},
});

test('labels are compared with patterns, and "!=" is also true of hosts without the label', () => {
  const examples: Readonly<Record<string, readonly string[]>> = {
    'env=prod': ['a'],
    'env=prod*': ['a', 'b'],
    'env = "prod"': ['a'],
    'env="prod*"': ['a', 'b'],
    'env=""': ['d'],
    'env!=prod': ['b', 'c', 'd', 'e'],
    'env != prod*': ['c', 'd', 'e'],
    'not env=prod': ['b', 'c', 'd', 'e'],
    'role in (web,api)': ['a', 'c'],
    'role in( w* , "db" )': ['a', 'b'],
    'role not in (web, api)': ['b', 'd', 'e'],
    'role not  in (web)&env=*': ['b', 'c', 'd'],
    'has(env)': ['a', 'b', 'c', 'd'],
    'has ( role )': ['a', 'b', 'c'],
    'not has(env)': ['e'],
    'app.example.com/tier=front': ['a'],
    'city="New York"': ['c'],
    'odd="a\\"b\\\\c"': ['c'],
    'env=prod,env=dev!role=api': ['a'],
    'env=prod or env=dev and not role=api': ['a'],
    'env!=dev&role!=web': ['b', 'd', 'e'],
    'env=nowhere,a': ['a'],
  };
  for (const [expression, hosts] of Object.entries(examples)) {
    assert.deepEqual(meant(expression, LABELLED), hosts, expression);
  }
});

test('names of properties of objects are labels like any other', () => {
  for (const expression of ['constructor=*', 'has(__proto__)', 'toString=a', '@valueOf:x']) {
    assert.equal(refused(expression, LABELLED).code, 'nothing-matched', expression);
  }
});

test('@key:value is a group, so at least one host must carry it', () => {
  assert.deepEqual(meant('@env:prod', LABELLED), ['a']);
  assert.deepEqual(meant('@city:"New York",@role:db', LABELLED), ['b', 'c']);
  const racks = labelled({ a: { rack: 'r1' }, b: { rack: 'r02' }, c: { rack: 'r3' } });
  assert.deepEqual(meant('@rack:r[1,3]', racks), ['a', 'c']);
  const refusal = refused('a,@env:prdo', LABELLED);
  assert.equal(refusal.code, 'nothing-matched');
  assert.match(refusal.message, /@env:prdo/);
  assert.match(refusal.fix ?? '', /did you mean @env:prod\?/);
  assert.match(refused('@rack:r[1-3]', racks).message, /@rack:r2/);
});

test('groups are selectors of their own, and may refer to one another', () => {
  const fleet = aFleetView(['web1', 'web2', 'db1', 'db2'], {
    groups: groupsOf({
      web: 'web*',
      db: 'db1 or db2',
      all: '(@web),@db',
      rest: 'not web1',
      io1: 'web1',
      io2: 'db2',
      gone: 'web9',
      wide: 'not zzz*',
      'a.b-c_d': 'web1',
    }),
  });
  const examples: Readonly<Record<string, readonly string[]>> = {
    '@web': ['web1', 'web2'],
    '@web!web1': ['web2'],
    '@all!@db': ['web1', 'web2'],
    '@io[1-2]': ['web1', 'db2'],
    '@rest': ['web2', 'db1', 'db2'],
    '@rest and @web': ['web2'],
    '@a.b-c_d': ['web1'],
    // What leaves out nothing may still narrow.
    '@wide&db*': ['db1', 'db2'],
  };
  for (const [expression, hosts] of Object.entries(examples)) {
    assert.deepEqual(meant(expression, fleet), hosts, expression);
  }
  const unknown = refused('web1,@wbe', fleet);
  assert.equal(unknown.message, 'no such group of hosts: @wbe');
  assert.match(unknown.fix ?? '', /did you mean @web\?/);
  assert.match(refused('@io[1-3]', fleet).message, /@io3/);
  const gone = refused('web1,@gone', fleet);
  assert.equal(gone.message, 'no such host: web9');
  assert.match(gone.cause ?? '', /^@gone of the controller/);
  const wide = refused('@wide', fleet);
  assert.equal(wide.code, 'usage');
  assert.match(wide.cause ?? '', /in @wide of the controller.*\nnot zzz\*\n\^ /);
  assert.match(refused('@x', aFleetView(['a'])).cause ?? '', /no \[hosts:NAME\]/);
});

test('groups that go round in a circle are refused, although the configuration should have been', () => {
  const fleet = aFleetView(['a'], { groups: groupsOf({ x: '@y', y: 'a,@x' }) });
  assert.equal(refused('@x', fleet).code, 'configuration');
  const chain = (length: number) =>
    Array.from({ length }, (_, index) => [`g${index}`, index === 0 ? 'a' : `@g${index - 1}`]);
  const deep = (length: number) =>
    aFleetView(['a'], { groups: groupsOf(Object.fromEntries(chain(length))) });
  assert.deepEqual(meant(`@g${GROUP_NESTING_MAX - 1}`, deep(GROUP_NESTING_MAX)), ['a']);
  const tooDeep = refused(`@g${GROUP_NESTING_MAX}`, deep(GROUP_NESTING_MAX + 1));
  assert.equal(tooDeep.code, 'configuration');
});

test('addresses are compared as addresses, in networks of either sort', () => {
  const at = (name: string, address: string | null) => aHostView(name, { address });
  const fleet = aFleetView([
    at('a', '10.1.2.3'),
    at('b', '::ffff:10.9.0.1'),
    at('c', '192.168.0.1'),
    at('d', 'fd00::1'),
    at('e', 'fe80::1%eth0'),
    at('f', null),
    at('g', 'not an address'),
  ]);
  const examples: Readonly<Record<string, readonly string[]>> = {
    'ip:10.0.0.0/8': ['a', 'b'],
    'ip:10.1.2.3': ['a'],
    'ip:10.1.2.3/8': ['a', 'b'],
    'ip:::ffff:10.0.0.0/104': ['a', 'b'],
    'ip:10.9.0.1,c': ['b', 'c'],
    'ip:0.0.0.0/0': ['a', 'b', 'c'],
    'ip:::/0': ['d', 'e'],
    'ip:FD00:0::1': ['d'],
    'ip:fe80::/10': ['e'],
    '@*&ip:fd00::/8^c': ['c', 'd'],
    '(ip:192.168.0.0/16)': ['c'],
  };
  for (const [expression, hosts] of Object.entries(examples)) {
    assert.deepEqual(meant(expression, fleet), hosts, expression);
  }
});

test('a network around the IPv4 addresses inside IPv6 is one of IPv6', () => {
  const fleet = aFleetView([
    aHostView('four', { address: '10.1.2.3' }),
    aHostView('mapped', { address: '::ffff:10.1.2.3' }),
    aHostView('beside', { address: '::fffe:10.1.2.3' }),
    aHostView('far', { address: 'fd00::1' }),
  ]);
  assert.deepEqual(meant('ip:::ffff:10.0.0.0/95', fleet), ['beside']);
  assert.deepEqual(meant('ip:::ffff:10.0.0.0/1', fleet), ['beside']);
  assert.deepEqual(meant('ip:::ffff:10.0.0.0/96', fleet), ['four', 'mapped']);
});

const running = (more: Partial<ProcessStatus> = {}, name = 'web') =>
  aStatus(name, { startedAtMs: SELECTED_AT_MS - 600_000, ...more });
const down = { pid: null, startedAtMs: null } as const;

const LIVE = aFleetView([
  aHostView('up', { processes: [running({ restarts: 7 }), running({}, 'shop:cart')] }),
  aHostView('failed', {
    processes: [running({ ...down, state: 'FATAL', exitCode: 2 }), running({}, 'shop:till')],
  }),
  aHostView('killed', {
    processes: [running({ ...down, state: 'EXITED', exitSignal: 'KILL' })],
  }),
  aHostView('away', { isConnected: false, processes: [running({ restarts: 9 })] }),
  aHostView('bare'),
]);

test('a host is meant if any of its processes that are named is so, never if it has none', () => {
  const examples: Readonly<Record<string, readonly string[]>> = {
    'proc:web.state=RUNNING': ['up'],
    'proc:web.state=running': ['up'],
    'proc:web.state != Running': ['failed', 'killed', 'away'],
    'proc:web.state=UNREACHABLE': ['away'],
    'proc:web.state=FATAL,proc:web.state=EXITED': ['failed', 'killed'],
    'proc:shop:*.state=RUNNING': ['up', 'failed'],
    'proc:shop.state=RUNNING': ['up', 'failed'],
    'proc:cart.state=RUNNING': ['up'],
    'proc:all.state=RUNNING': ['up', 'failed'],
    'proc:*.state!=RUNNING': ['failed', 'killed', 'away'],
    'proc:web.restarts>3': ['up', 'away'],
    'proc:web.restarts>=7&proc:web.state=RUNNING': ['up'],
    'proc:web.restarts=0': ['failed', 'killed'],
    'proc:web.restarts<=7 and not proc:web.restarts<7': ['up'],
    'proc:web.uptime<1h': ['up'],
    'proc:web.uptime>=600': ['up'],
    'proc:web.uptime=10m': ['up'],
    'proc:web.exitcode=2': ['failed'],
    'proc:web.exitcode!=0': ['failed'],
    'proc:web.signal=SIGKILL': ['killed'],
    'proc:web.signal=kill': ['killed'],
    '@* and not proc:web.state=RUNNING': ['failed', 'killed', 'away', 'bare'],
  };
  for (const [expression, hosts] of Object.entries(examples)) {
    assert.deepEqual(meant(expression, LIVE), hosts, expression);
  }
});

test('units of time, and what a process does not have', () => {
  for (const none of [
    'proc:web.uptime>10m',
    'proc:web.uptime>1d',
    'proc:web.uptime>601s',
    'proc:web.exitcode=0',
    'proc:web.signal!=KILL',
  ]) {
    assert.equal(refused(none, LIVE).message, `no host matches ${JSON.stringify(none)}`);
  }
});

test('a process that no host has is a slip, but a pattern may match none', () => {
  const { code, message, fix } = refused('up,proc:wbe.state=RUNNING', LIVE);
  assert.equal(code, 'nothing-matched');
  assert.equal(message, 'no host has a process wbe');
  assert.match(fix ?? '', /did you mean web\?/);
  assert.deepEqual(meant('up,proc:wbe*.state=RUNNING', LIVE), ['up']);
});

test('an operation tells what became of its hosts', () => {
  const states: readonly (readonly [string, TargetState])[] = [
    ['a', 'succeeded'],
    ['a', 'failed'],
    ['b', 'succeeded'],
    ['c', 'not-attempted'],
    ['removed', 'failed'],
  ];
  const targets = states.map(([name, state]) => ({ host: hostId(name), state }));
  const fleet = aFleetView(['a', 'b', 'c', 'd'], {
    operations: [
      [anId(1), { targets }],
      [anId(2, 1), { targets: [] }],
      [anId(3, 1), { targets: [] }],
    ],
  });
  const id = anId(1);
  const examples: Readonly<Record<string, readonly string[]>> = {
    [`op:${id}:failed`]: ['a'],
    [`op:${id.slice(0, 13)}:failed`]: ['a'],
    [`op:${id.toUpperCase()}:Succeeded`]: ['a', 'b'],
    [`op:${id}:unfinished`]: ['a', 'c'],
    [`op:${id}:not-attempted,d`]: ['c', 'd'],
    [`op:${id}:all!a`]: ['b', 'c'],
    [`@*!op:${id}:all`]: ['d'],
  };
  for (const [expression, hosts] of Object.entries(examples)) {
    assert.deepEqual(meant(expression, fleet), hosts, expression);
  }
  assert.equal(refused('a,op:ffffffff-ffff:all', fleet).code, 'nothing-matched');
  const ambiguous = refused(`op:${anId(2, 1).slice(0, 13)}:all`, fleet);
  assert.equal(ambiguous.code, 'usage');
  assert.match(ambiguous.message, /^2 operations begin with /);
  assert.ok(ambiguous.cause?.includes(anId(3, 1)));
  assert.equal(refused(`op:${anId(2, 1)}:all`, fleet).code, 'nothing-matched');
});

test('files and standard input are for fleetctl to read', () => {
  for (const expression of ['a,file:hosts.txt', 'a,-', 'a,file:"x y"']) {
    const { code, message, cause } = refused(expression, aFleetView(['a']));
    assert.equal(code, 'usage');
    assert.match(message, /read by fleetctl/);
    assert.match(cause ?? '', /\n {2}\^$/);
  }
});
