import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fleetctl } from '../fakes/cli-run.ts';
import { aHost } from '../fakes/control-client.ts';
import { fleetctlLocal } from '../fakes/local-client.ts';

const PROBLEM = 'the journal was damaged\nit is kept as journal.db.damaged-1';
const SHOWN = 'the journal was damaged; it is kept as journal.db.damaged-1';
const lost = { stateProblem: PROBLEM } as const;

const HOSTS = [
  aHost('web-1'),
  aHost('web-2', lost),
  aHost('web-3', { ...lost, configProblem: 'agent.conf:3: no' }),
  aHost('web-4', { ...lost, connected: false }),
];

const LINES = [`web-[2-4]: state lost: ${SHOWN}`, 'web-3: config rejected: agent.conf:3: no'];

test('hosts shows whose agent lost its state, and what became of it', async () => {
  for (const words of [['hosts'], ['hosts', '-o', 'wide']]) {
    const { stdout } = await fleetctl(words, { hosts: HOSTS });
    const lines = stdout.trimEnd().split('\n');
    assert.deepEqual(
      lines.slice(1, 5).map((line) => line.split(/ {2,}/)[1]),
      ['connected', 'state lost', 'state lost', 'UNREACHABLE'],
    );
    assert.deepEqual(lines.slice(5), [...LINES, '4 hosts: web-[1-4]']);
  }
});

test('many hosts are folded apart from those, which come before those with a bad config', async () => {
  const hosts = Array.from({ length: 60 }, (_, index) =>
    aHost(`web-${index}`, index === 7 ? lost : index === 9 ? { configProblem: 'no' } : {}),
  );
  const { stdout } = await fleetctl(['hosts'], { hosts });
  assert.deepEqual(
    stdout
      .split('\n')
      .slice(1, 4)
      .map((line) => line.split(/ {2,}/).slice(0, 2).join(' ')),
    ['state lost 1', 'config rejected 1', 'connected 58'],
  );
});

test('status says it on stderr, and programs find it in JSON', async () => {
  const { stdout, stderr } = await fleetctl(['status'], { hosts: HOSTS });
  assert.deepEqual(stderr.trimEnd().split('\n'), LINES);
  assert.doesNotMatch(stdout, /state lost/);
  const json = await fleetctl(['hosts', '-o', 'json'], { hosts: HOSTS });
  assert.deepEqual(
    JSON.parse(json.stdout).items.map((item: { stateProblem: unknown }) => item.stateProblem),
    [null, PROBLEM, PROBLEM, PROBLEM],
  );
});

test('describe says it of the host, and how much its agent took over', async () => {
  const hosts = [aHost('web-2', { ...lost, adopted: 1 }), aHost('old', { adopted: null })];
  const { stdout } = await fleetctl(['describe', 'web-2'], { hosts: hosts.slice(0, 1) });
  assert.match(stdout, new RegExp(`^state lost   ${SHOWN}$`, 'm'));
  assert.match(stdout, /^adopted {6}1 running process when its agent started$/m);
  const fine = await fleetctl(['describe', 'old'], { hosts: hosts.slice(1) });
  assert.doesNotMatch(fine.stdout, /state lost/);
  assert.match(fine.stdout, /^adopted +-$/m);
});

test('--local status says it beside the table, before what is wrong with the config', async () => {
  const told = await fleetctlLocal(['status'], { stateProblem: PROBLEM, configProblem: 'x:1: no' });
  assert.deepEqual(told.stderr.split('\n'), [
    'state lost: the journal was damaged',
    'it is kept as journal.db.damaged-1',
    'config rejected: x:1: no',
    '',
  ]);
  assert.deepEqual([told.stdout, told.exitCode], ['', 0]);
  const json = await fleetctlLocal(['status', '-o', 'json'], { stateProblem: PROBLEM });
  assert.equal(JSON.parse(json.stderr).message, `state lost: ${PROBLEM}`);
});
