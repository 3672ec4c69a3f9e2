import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runFleetctl } from '../../cli/run.ts';
import { FleetError, refusal } from '../../proto/errors.ts';
import type { Explanation } from '../../proto/operation.ts';
import { fakeWorld } from '../fakes/cli-environment.ts';
import { fleetctl } from '../fakes/cli-run.ts';
import { anOperation, aTarget } from '../fakes/control-client.ts';

const { targets: _, ...facts } = anOperation();
const explanation: Explanation = {
  facts,
  targets: [aTarget('prod-1', 'web:web_0')],
  events: [],
  clockLeadMs: null,
};

test('an operation on a host is explained, or of it one process, whatever it is called', async () => {
  const asked = async (...words: string[]) => {
    const { exitCode, explained } = await fleetctl(['op', 'explain', ...words], { explanation });
    assert.equal(exitCode, 0);
    return explained;
  };
  const operation = '0198f2a0-0000';
  assert.deepEqual(await asked(operation, 'prod-1'), [
    { operation, host: 'prod-1', process: null },
  ]);
  assert.deepEqual(await asked(operation, 'prod-1/web:web_0'), [
    { operation, host: 'prod-1', process: 'web:web_0' },
  ]);
  assert.deepEqual(await asked(operation, 'prod-1/a/b'), [
    { operation, host: 'prod-1', process: 'a/b' },
  ]);
});

test('without an id the last one from here is explained', async () => {
  const id = facts.id;
  const savedBefore = [{ id, atMs: 0, controller: 'ops-1:7460', words: '' }];
  for (const words of [['prod-1'], ['last', 'prod-1']]) {
    const { explained } = await fleetctl(['op', 'explain', ...words], { explanation, savedBefore });
    assert.deepEqual(explained, [{ operation: id, host: 'prod-1', process: null }]);
  }
});

test('it is told as text and as a document', async () => {
  const words = ['op', 'explain', facts.id, 'prod-1'];
  const text = await fleetctl(words, { explanation });
  assert.match(text.stdout, /web:web_0/);
  const json = await fleetctl([...words, '-o', 'json'], { explanation });
  assert.equal(JSON.parse(json.stdout).kind, 'Explanation');
});

test('what names no one host is refused before anything is dialled', async () => {
  const wrong = [
    ['0198f2a0-0000', 'prod-*'],
    ['0198f2a0-0000', '@web'],
    ['0198f2a0-0000', 'prod-1/'],
    ['0198f2a0-0000', ''],
    ['0198f2a0-0000', '\u001b[2J'],
    ['0198f2a0-0000', `${'x'.repeat(10_000)}*`],
    ['0198f2a0-0000', 'prod-1', 'prod-2'],
    ['0198f2a0-0000'],
    ['last'],
    [''],
  ];
  for (const words of wrong) {
    const world = fakeWorld(() => assert.fail('dialled'));
    const exitCode = await runFleetctl(['op', 'explain', ...words], world.environment);
    assert.equal(exitCode, 2, words.join(' ').slice(0, 40));
    assert.equal(world.stderr().includes('\u001b'), false);
  }
});

test('who forgot the host is told so', async () => {
  const { stderr } = await fleetctl(['op', 'explain', facts.id], {});
  assert.match(stderr, /^error: op explain needs to know which host: .* is an operation$/m);
});

test('what the controller does not know of it says', async () => {
  const none = new FleetError(refusal('nothing-matched', 'operation x has no target on prod-9'));
  const { exitCode, stderr } = await fleetctl(['op', 'explain', facts.id, 'prod-9'], {
    explanation: none,
  });
  assert.deepEqual([exitCode, stderr], [6, 'error: operation x has no target on prod-9\n']);
});
