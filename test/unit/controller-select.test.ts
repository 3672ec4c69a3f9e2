import assert from 'node:assert/strict';
import { test } from 'node:test';
import { selectHosts } from '../../controller/core/select.ts';
import type { FleetState } from '../../controller/core/state.ts';
import {
  aHost,
  anId,
  aRequest,
  aStatus,
  away,
  fleetScript,
  NOW_MS,
} from '../fakes/controller-fleet.ts';
import { groupsOf } from '../fakes/selector-fleet.ts';

function aFleet(): FleetState {
  const script = fleetScript();
  script.connect('web-1', 1, [aStatus('web', { startedAtMs: NOW_MS - 60_000 })]);
  script.connect('db-1', 2, [aStatus('db')]);
  const lost = aHost('lost', [aStatus('web')], { ...away, labels: { env: 'dev' }, address: null });
  const { state } = script;
  return {
    ...state,
    hosts: state.hosts.with(lost.host, lost),
    hostGroups: groupsOf({ web: 'web-*' }),
  };
}

function selected(selector: string, state = aFleet()): readonly string[] {
  const hosts = selectHosts(state, selector, NOW_MS);
  if ('code' in hosts) assert.fail(`${selector}: ${hosts.message}`);
  for (const host of hosts) assert.equal(host, state.hosts.get(host.host));
  return hosts.map(({ host }) => host as string).sort();
}

test('a selector sees names, labels, groups, connections, processes and uptimes of the fleet', () => {
  const examples: Readonly<Record<string, readonly string[]>> = {
    '*-1': ['db-1', 'web-1'],
    'env=prod': ['db-1', 'web-1'],
    '@web': ['web-1'],
    'proc:web.state=RUNNING': ['web-1'],
    'proc:web.state=UNREACHABLE': ['lost'],
    'proc:*.uptime>=1m': ['web-1'],
    'not ip:0.0.0.0/0': ['lost'],
  };
  for (const [selector, hosts] of Object.entries(examples)) {
    assert.deepEqual(selected(selector), hosts, selector);
  }
});

test('a selector sees how operations of the fleet went', () => {
  const script = fleetScript(aFleet());
  script.submit(aRequest('restart', 'web-1,lost', ['web'], { id: anId(1) }));
  assert.deepEqual(selected(`op:${anId(1)}:all`, script.state), ['lost', 'web-1']);
  assert.deepEqual(selected(`op:${anId(1)}:unreachable`, script.state), ['lost']);
});

test('mistakes and hosts that do not exist are refused', () => {
  const refusalOf = (selector: string) => selectHosts(aFleet(), selector, NOW_MS);
  assert.equal('code' in refusalOf('web-1,,') && 'usage', 'usage');
  for (const selector of ['web-9', '@wbe', 'env=nowhere']) {
    const refusal = refusalOf(selector);
    assert.equal('code' in refusal ? refusal.code : null, 'nothing-matched', selector);
  }
});
