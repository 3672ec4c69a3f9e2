import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SavedOperation } from '../../cli/ports.ts';
import { runFleetctl } from '../../cli/run.ts';
import { FleetError, refusal } from '../../proto/errors.ts';
import { operationId } from '../../proto/vocabulary.ts';
import { FAKE_NOW_MS, fakeWorld } from '../fakes/cli-environment.ts';
import { fleetctl, RESTART, smoothly, twoWaves } from '../fakes/cli-run.ts';
import { anOperation, fakeControl, lost } from '../fakes/control-client.ts';

const ID = operationId('0198f2a0-bbbb-7000-8000-000000000007');
const aSaved = (controller: string, id = ID): SavedOperation => ({
  id,
  atMs: 0,
  controller,
  words: '',
});
const unwritable = new FleetError(
  refusal('internal', '/home/x/operations cannot be written', { cause: 'EACCES' }),
);

test('what is submitted is saved under its id before it is sent', async () => {
  const control = fakeControl(smoothly(twoWaves));
  const world = fakeWorld(control.client);
  const before: number[] = [];
  const submitOperation: typeof control.client.submitOperation = (...given) => {
    before.push(world.saved.length);
    return control.client.submitOperation(...given);
  };
  const dialled = fakeWorld({ ...control.client, submitOperation });
  const environment = {
    ...dialled.environment,
    savedOperations: world.environment.savedOperations,
  };
  const words = [...RESTART, '--batch', '10%', '--order', 'host', '--reason', 'x', '--yes'];
  assert.equal(await runFleetctl(words, environment), 0);
  assert.deepEqual(before, [1]);
  assert.deepEqual(world.saved, [
    {
      id: control.submitted[0]?.id,
      atMs: FAKE_NOW_MS,
      controller: 'ops-1:7460',
      words: "restart web --hosts 'prod-*' --order host --batch 10%",
    },
  ]);
});

test('what only is shown or asked about is not saved', async () => {
  const dry = await fleetctl([...RESTART, '--dry-run'], smoothly(twoWaves));
  assert.deepEqual(dry.saved, []);
});

test('where it cannot be saved one notice says so, and it is done all the same', async () => {
  const given = { ...smoothly(twoWaves), savedBefore: unwritable };
  const plain = await fleetctl(RESTART, given);
  assert.deepEqual([plain.exitCode, plain.submitted.length], [0, 1]);
  assert.match(
    plain.stderr,
    /^notice: operation [\da-f-]{36} is not saved here: \/home\/x\/operations cannot be written: EACCES\n$/,
  );
  const json = await fleetctl([...RESTART, '-o', 'json'], given);
  assert.equal(JSON.parse(json.stderr).kind, 'Notice');
  const quiet = await fleetctl([...RESTART, '-q'], given);
  assert.equal(quiet.stderr, '');
});

test('what the controller refused is not the last operation', async () => {
  const locked = new FleetError(refusal('locked', 'web on prod-1 is in use'));
  const refused = await fleetctl(RESTART, { submissions: [locked] });
  assert.deepEqual([refused.exitCode, refused.saved], [12, []]);
});

test('what may have arrived stays saved', async () => {
  const silent = await fleetctl(RESTART, { submissions: [lost] });
  assert.deepEqual([silent.exitCode, silent.saved.length], [4, 1]);
  const late = await fleetctl(RESTART, {
    submissions: [new FleetError(refusal('timed-out', 'no answer'))],
  });
  assert.equal(late.saved.length, 1);
});

test('without an id, or with last, the last operation of the same controller is meant', async () => {
  const other = operationId('0198f2a0-cccc-7000-8000-000000000008');
  const savedBefore = [aSaved('ops-1:7460'), aSaved('elsewhere:7460', other)];
  for (const id of [[], ['last']]) {
    const shown = await fleetctl(['op', 'show', ...id], {
      savedBefore,
      operations: [anOperation({ id: ID })],
    });
    assert.deepEqual([shown.exitCode, shown.fetched], [0, [ID]]);
    const watched = await fleetctl(['op', 'watch', ...id], {
      savedBefore,
      ...smoothly(anOperation({ id: ID })),
    });
    assert.deepEqual([watched.exitCode, watched.watched], [0, [ID]]);
  }
});

test('an id that is given is the one that is meant', async () => {
  const given = { savedBefore: [aSaved('ops-1:7460')], operations: [anOperation()] };
  assert.deepEqual((await fleetctl(['op', 'show', '0198f2a0-dddd'], given)).fetched, [
    '0198f2a0-dddd',
  ]);
});

test('where nothing was submitted yet that is said, with what to do', async () => {
  for (const words of ['op watch', 'op show last', 'op cancel', 'op retry', 'op explain prod-1']) {
    const { exitCode, stderr } = await fleetctl(words.split(' '), {});
    assert.equal(exitCode, 6, words);
    assert.equal(
      stderr,
      'error: no operation was submitted to ops-1:7460 from here yet\n' +
        'cause: without an id, the last one of this person on this machine is meant\n' +
        'fix:   give an id; see which there are with: fleetctl op list\n',
    );
  }
});
