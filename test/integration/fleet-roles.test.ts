/**
 * Who may do what, with the real programs: a controller that takes its file up anew while it works,
 * and a host that lets no controller go further than its own file says.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Daemon } from './fleet/daemon.ts';
import { createFleet, type Fleet, type OperationDocument } from './fleet/harness.ts';

const PROGRAMS = `[program:web]
command = sleep 1000
startsecs = 0
[program:db]
command = sleep 1000
startsecs = 0
[program:slow]
command = sleep 1000
startsecs = 4
autostart = false
`;
const POLICY = `[policy]
allow_verbs = start, stop, restart, update
processes = web, slow
`;

let fleet: Fleet;
let controller: Daemon;

before(async () => {
  fleet = await createFleet();
  controller = await fleet.startController();
  await fleet.startAgent('free-1', { programs: PROGRAMS });
  await fleet.startAgent('bound-1', { programs: `${POLICY}${PROGRAMS}` });
  for (const host of ['free-1', 'bound-1']) {
    for (const name of ['web', 'db']) await fleet.running(host, name);
  }
});

after(() => fleet?.[Symbol.dispose]());

const conf = (): string => fleet.path('controller.conf');

/** Resolves when the controller has told what became of it. */
async function reload(text: string): Promise<string> {
  writeFileSync(conf(), text);
  const told = () => controller.log().filter(({ msg }) => /^the configuration (is|was)/.test(msg));
  const before = told().length;
  controller.signal('SIGHUP');
  const line = await fleet.until('the file is read again', () => told()[before]);
  return `${line.msg} ${String(line['problem'] ?? '')}`;
}

async function as(operator: string, ...words: readonly string[]) {
  const config = await fleet.writeOperatorConf({ kind: 'operator', name: operator });
  return fleet.fleetctl('--config', config, ...words);
}

test('a host refuses what its policy does not allow, and says which rule that is', async () => {
  const pid = await fleet.running('bound-1', 'db');
  const answer = await fleet.fleetctl(
    'restart',
    'web',
    'db',
    '--hosts',
    'bound-1,free-1',
    '-o',
    'json',
  );
  const { targets } = answer.json<OperationDocument>();
  const of = (host: string, name: string) =>
    targets.find((target) => target.host === host && target.process === name);
  assert.equal(of('bound-1', 'web')?.state, 'succeeded');
  assert.equal(of('free-1', 'db')?.state, 'succeeded');
  assert.equal(of('bound-1', 'db')?.state, 'failed');
  assert.equal(
    of('bound-1', 'db')?.error,
    'the policy of this host does not let a controller restart db: [policy] processes = web, slow',
  );
  assert.equal(await fleet.running('bound-1', 'db'), pid, 'it was not touched');
  const signalled = await fleet.fleetctl('signal', 'HUP', 'web', '--hosts', 'bound-1');
  assert.notEqual(signalled.code, 0, signalled.stderr);
  assert.match(
    signalled.stdout + signalled.stderr,
    /\[policy\] allow_verbs = start, stop, restart/,
  );
});

test('a host refuses logs and an update that its policy does not allow', async () => {
  const logs = await fleet.fleetctl('logs', 'web', '--hosts', 'bound-1');
  assert.match(
    logs.stdout + logs.stderr,
    /does not let a controller read logs: \[policy\] allow_verbs/,
  );
  const file = fleet.path('bound-1.conf');
  const before = readFileSync(file, 'utf8');
  const pid = await fleet.running('bound-1', 'db');
  writeFileSync(
    file,
    before.replace('[program:db]\ncommand = sleep 1000', '[program:db]\ncommand = sleep 2000'),
  );
  const refused = await fleet.fleetctl('update', '--hosts', 'bound-1', '-o', 'json');
  const [target] = refused.json<OperationDocument>().targets;
  assert.match(target?.error ?? '', /update db: \[policy\] processes = web, slow$/);
  assert.equal(await fleet.running('bound-1', 'db'), pid);
  // Whoever may write the file decides what the policy is; the controller only has it read.
  writeFileSync(file, before.replace('processes = web, slow', 'processes = web, slow, db'));
  assert.equal((await fleet.fleetctl('update', '--hosts', 'bound-1')).code, 0);
  assert.equal((await fleet.fleetctl('restart', 'db', '--hosts', 'bound-1')).code, 0);
  writeFileSync(file, before);
  assert.equal((await fleet.fleetctl('update', '--hosts', 'bound-1')).code, 0);
  assert.notEqual((await fleet.fleetctl('restart', 'db', '--hosts', 'bound-1')).code, 0);
});

test('SIGHUP takes up roles and operators while an operation runs, which goes on', async () => {
  const good = readFileSync(conf(), 'utf8');
  assert.equal((await as('bob', 'status')).code, 5);
  const running = fleet.fleetctl('start', 'slow', '--hosts', 'free-1', '-o', 'json');
  await fleet.process('free-1', 'slow', 'starts', ({ status }) => status.state === 'STARTING');
  const more = `${good}[operator:bob]\nroles = web\n[role:web]\nallow = status, restart\nprocesses = web\n`;
  assert.match(await reload(more), /role web added; operator bob added/);
  const listed = await as('bob', 'status');
  assert.match(listed.stdout, /free-1 +web/);
  assert.doesNotMatch(listed.stdout, /free-1 +db/);
  assert.equal((await as('bob', 'restart', 'web', '--hosts', 'free-1')).code, 0);
  const denied = await as('bob', 'restart', 'all', '--hosts', 'free-1');
  assert.equal(denied.code, 5, denied.stderr);
  assert.match(denied.stderr, /role "web" allows restart only with processes = web/);
  const { targets } = (await running).json<OperationDocument>();
  assert.deepEqual(
    targets.map(({ state }) => state),
    ['succeeded'],
  );
});

test('a file with mistakes changes nothing, and every one of them is logged', async () => {
  const good = readFileSync(conf(), 'utf8');
  const bad = good.replace('[operator:bob]\nroles = web', '[operator:bob]\nroles = wbe\nrols = x');
  const told = await reload(bad.replace('allow = status', 'allow = stats'));
  assert.match(told, /is refused, and nothing was changed/);
  assert.match(told, /there is no role .?"wbe/);
  assert.match(told, /rols: this key is not known/);
  assert.match(told, /"stats\\?" is none of/);
  assert.equal((await as('bob', 'restart', 'web', '--hosts', 'free-1')).code, 0);
  assert.match(await reload(good), /no change/);
});

test('what cannot change while it runs is told and kept, and who is taken out may do nothing', async () => {
  const good = readFileSync(conf(), 'utf8');
  const moved = good
    .replace(`listen = 127.0.0.1:${fleet.port}`, 'listen = 127.0.0.1:1')
    .replace('[operator:bob]\nroles = web\n', '');
  assert.match(await reload(moved), /operator bob removed/);
  const warning = controller.log().find(({ msg }) => msg.startsWith('cannot change while'));
  assert.match(warning?.msg ?? '', /stays as it was: listen$/);
  assert.equal((await as('bob', 'status')).code, 5);
  assert.equal((await as('alice', 'status', 'web')).code, 0);
});
