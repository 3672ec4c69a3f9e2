import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ControllerConfig, loadControllerConfig } from '../../controller/config/config.ts';
import { createReload } from '../../controller/config/reload.ts';
import type { FleetInput, FleetSettings } from '../../controller/core/state.ts';
import { fakeConfigFiles } from '../fakes/config-files.ts';

const CONTROLLER = `[controller]
listen = 127.0.0.1:7460
state_dir = state
ca = ca.crt
cert = controller.crt
key = controller.key
`;
const BEFORE = `[operator:alice]
roles = admin
[operator:bob]
roles = web
[role:web]
allow = status, restart
hosts = @web
[hosts:web]
hosts = web-*
[runbook:nightly]
verb = restart
processes = web
hosts = @web
`;

function settingsOf(config: ControllerConfig): FleetSettings {
  const { unreachableAfterMs, hostGroups, runbooks, batchRequiredAbove, roles, operators } = config;
  const { lives } = config;
  return { unreachableAfterMs, hostGroups, runbooks, batchRequiredAbove, roles, operators, lives };
}

/** A controller that was started with this file; `become` writes another one and sends SIGHUP. */
function running(text: string) {
  let now = text;
  const read = () =>
    loadControllerConfig('/etc/controller.conf', {
      env: {},
      hostName: 'ops-1',
      workingDirectory: '/',
      files: fakeConfigFiles({ '/etc/controller.conf': now }),
    });
  const started = read().config;
  assert.ok(started);
  const delivered: FleetInput[] = [];
  const said: string[] = [];
  const log = (level: string) => (details: object, told: string) =>
    void said.push(`${level}: ${told} ${JSON.stringify(details)}`);
  const reload = createReload({
    ...{ read, started, settingsOf },
    deliver: (input) => void delivered.push(input),
    log: { info: log('info'), warn: log('warn'), error: log('error') },
  });
  function become(next: string) {
    now = next;
    delivered.length = 0;
    said.length = 0;
    reload();
    const [input] = delivered;
    const settings = input?.kind === 'configured' ? input.settings : null;
    return { settings, said: said.join('\n'), delivered: [...delivered] };
  }
  return { become };
}

test('what was added, removed and changed is handed over, and told by its name', () => {
  const { become } = running(`${CONTROLLER}${BEFORE}`);
  const { settings, said } = become(`${CONTROLLER}unreachable_after = 60
agent_days = 3
[operator:alice]
roles = admin
[operator:carol]
roles = web
[role:web]
allow = status
[hosts:db]
hosts = db-*
[runbook:weekly]
verb = restart
processes = web
hosts = @db
`);
  assert.deepEqual([...(settings?.operators.keys() ?? [])], ['alice', 'carol']);
  assert.deepEqual([...(settings?.roles.get('web')?.allow ?? [])], ['status']);
  assert.equal(settings?.unreachableAfterMs, 60_000);
  assert.match(said, /^info: the configuration was read again: /);
  for (const change of [
    'role web changed',
    'operator carol added; operator bob removed',
    'runbook weekly added; runbook nightly removed',
    'host group db added; host group web removed',
    'unreachable_after changed',
    'agent_days changed',
  ]) {
    assert.ok(said.includes(change), `${change} is missing in ${said}`);
  }
  assert.doesNotMatch(said, /alice/);
});

test('a file that says the same changes nothing, whatever its comments say', () => {
  const { become } = running(`${CONTROLLER}${BEFORE}`);
  const { settings, said } = become(`; the same\n${CONTROLLER}${BEFORE}`);
  assert.equal(settings, null);
  assert.match(said, /^info: .*no change/);
});

test('a file with a mistake changes nothing, and every problem of it is told', () => {
  const { become } = running(`${CONTROLLER}${BEFORE}`);
  const bad = become(`${CONTROLLER}[operator:alice]\nroles = admn\n[role:web]\nalow = status\n`);
  assert.equal(bad.settings, null);
  assert.match(bad.said, /^error: the configuration is refused, and nothing was changed/);
  assert.match(bad.said, /there is no role .{1,3}admn/);
  assert.match(bad.said, /alow: this key is not known/);
  assert.match(become(`${CONTROLLER}${BEFORE}`).said, /no change/);
});

test('a reload that is refused is on record, with the first of what is wrong', () => {
  const { become } = running(`${CONTROLLER}${BEFORE}`);
  const nonsense = Array.from({ length: 100 }, (_, index) => `nonsense_${index} = 1\n`).join('');
  const [input, ...more] = become(`${CONTROLLER}${nonsense}`).delivered;
  assert.ok(input?.kind === 'onRecord' && more.length === 0);
  const { actor, action, outcome, detail } = input.entry;
  assert.deepEqual([actor.kind, action, outcome], ['controller', 'reload', 'refused']);
  assert.match(detail, /nonsense_0: this key is not known/);
  assert.ok(detail.length <= 500, `${detail.length} characters`);
});

test('what cannot change while it runs is named, each time, and the rest is taken up', () => {
  const { become } = running(`${CONTROLLER}${BEFORE}`);
  const moved = `${CONTROLLER.replace('7460', '7461').replace('= state', '= other')}${BEFORE}`;
  const first = become(`${moved}[operator:carol]\nroles = viewer\n`);
  assert.match(first.said, /warn: cannot change while .* stays as it was: listen, state_dir /);
  assert.ok(first.settings?.operators.has('carol'));
  assert.match(become(moved).said, /stays as it was: listen, state_dir /);
  assert.doesNotMatch(become(`${CONTROLLER}${BEFORE}`).said, /stays as it was/);
});

test('changes are told against what was taken up last', () => {
  const { become } = running(`${CONTROLLER}${BEFORE}`);
  const more = `${BEFORE}[operator:carol]\nroles = viewer\n`;
  assert.match(become(`${CONTROLLER}${more}`).said, /operator carol added/);
  assert.match(become(`${CONTROLLER}${more}`).said, /no change/);
  assert.match(become(`${CONTROLLER}${BEFORE}`).said, /operator carol removed/);
});

test('warnings of a file that is taken up are told', () => {
  const { become } = running(`${CONTROLLER}${BEFORE}`);
  const { settings, said } = become(`${CONTROLLER}${BEFORE}[role:idle]\nallow = status\n`);
  assert.ok(settings?.roles.has('idle'));
  assert.match(said, /warn: the configuration has warnings .*nobody has this role/);
});
