import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOperationSoFar } from '../../cli/watch/operation-so-far.ts';
import { ACKNOWLEDGE_INTERVAL_MS } from '../../controller/acknowledgements.ts';
import { operationOf } from '../../controller/core/execution.ts';
import { createFleetDriver, type FleetDriver } from '../../controller/driver.ts';
import type { Operation, OperationUpdate, Steering, Submission } from '../../proto/operation.ts';
import { DEFAULT_STRATEGY } from '../../proto/strategy.ts';
import { type AgentEvent, hostId } from '../../proto/vocabulary.ts';
import {
  aCertificate,
  accepted,
  aHello,
  anActor,
  anId,
  aRequest,
  aStatus,
  emptyFleet,
  GRACE_MS,
  NOW_MS,
  settled,
} from '../fakes/controller-fleet.ts';
import {
  allMicrotasks,
  type FakeClock,
  type FakeLinks,
  type FakeLog,
  type FakeStore,
  fakeClock,
  fakeLinks,
  fakeLog,
  fakeStore,
} from '../fakes/controller-ports.ts';

interface World {
  readonly clock: FakeClock;
  readonly store: FakeStore;
  readonly links: FakeLinks;
  readonly log: FakeLog;
  readonly driver: FleetDriver;
  readonly broken: unknown[];
  hello(connection?: number): void;
  snapshot(connection?: number, sessionEpoch?: number): void;
  tell(seq: number, event?: AgentEvent): void;
  /** Lets the driver step what is queued, and its commit succeed. */
  commit(): Promise<void>;
}

const A = hostId('a');
const restart = (process: string): Submission & { readonly kind: 'operation' } => ({
  kind: 'operation',
  request: aRequest('restart', 'a', [process]),
});
const RESTART = restart('web');

function world(): World {
  const [clock, store, recorded, log] = [fakeClock(), fakeStore(), fakeLinks(), fakeLog()];
  const broken: unknown[] = [];
  const onStoreBroken = (error: unknown): void => void broken.push(error);
  const links: FakeLinks = {
    ...recorded,
    // As the real one does: whoever is closed has ended.
    close(connection, because) {
      recorded.close(connection, because);
      driver.deliver({ kind: 'sessionEnded', host: A, connection });
    },
  };
  const driver = createFleetDriver({ clock, store, links, log, onStoreBroken }, emptyFleet);
  return {
    clock,
    store,
    links,
    log,
    driver,
    broken,
    hello: (connection = 1) =>
      driver.deliver({
        ...{ kind: 'hello', host: A, connection, hello: aHello() },
        ...{ certificate: aCertificate('a'), address: null },
      }),
    snapshot(connection = 1, sessionEpoch = connection) {
      const processes = [aStatus('web'), aStatus('db')];
      const picture = { seq: 0, processes, configProblem: null, last: true } as const;
      const message = { kind: 'snapshot', sessionEpoch, ...picture } as const;
      driver.deliver({ kind: 'message', host: A, connection, message });
    },
    tell(seq, event = { kind: 'processChanged', process: aStatus('web', { pid: seq }) }) {
      const message = { kind: 'event', sessionEpoch: 1, seq, atMs: NOW_MS, event } as const;
      driver.deliver({ kind: 'message', host: A, connection: 1, message });
    },
    async commit() {
      clock.runSoon();
      await store.answer('committed');
    },
  };
}

/** With host a connected and its messages forgotten. */
async function connected(): Promise<World> {
  const made = world();
  made.hello();
  made.snapshot();
  await made.commit();
  made.links.sent.length = 0;
  made.store.commits.length = 0;
  return made;
}

/** Batch after batch, until nothing is waiting. */
async function answerAll({ clock, store }: World, result: 'committed' | 'full'): Promise<void> {
  for (let answered = store.commits.length - 1; answered < store.commits.length; ) {
    clock.runSoon();
    answered = store.commits.length;
    await store.answer(result).catch(() => undefined);
    clock.runSoon();
  }
}

const sentKinds = ({ links }: World) => links.sent.map(({ message }) => message.kind);

/** The answer if there is one already. */
async function answerSoFar<Answer>(promise: Promise<Answer>): Promise<Answer | 'none yet'> {
  await allMicrotasks();
  return Promise.race([promise, Promise.resolve('none yet' as const)]);
}

test('nothing is shown, sent or answered before the commit has resolved', async () => {
  const made = world();
  made.hello();
  made.snapshot();
  const answer = made.driver.submit(RESTART, anActor());
  assert.equal(made.store.commits.length, 0);
  made.clock.runSoon();
  assert.equal(made.store.commits.length, 1);
  assert.equal(await answerSoFar(answer), 'none yet');
  assert.deepEqual(made.links.sent, []);
  assert.equal(made.driver.state(), emptyFleet);
  assert.ok('code' in made.driver.watch(RESTART.request.id, () => undefined));
  await made.store.answer('committed');
  assert.deepEqual(sentKinds(made), ['welcome', 'command']);
  assert.equal(((await answerSoFar(answer)) as Operation).state, 'running');
  assert.equal(made.driver.state().hosts.size, 1);
});

test('what arrives during a commit waits for it, and is then one batch', async () => {
  const made = await connected();
  made.tell(1);
  made.clock.runSoon();
  made.tell(2);
  made.tell(3);
  made.clock.runSoon();
  assert.equal(made.store.commits.length, 1);
  await made.store.answer('committed');
  made.clock.runSoon();
  assert.equal(made.store.commits.length, 2);
  assert.deepEqual(
    made.store.commits[1]?.map((write) => write.kind),
    ['event', 'process', 'event', 'process'],
  );
});

test('never are two commits under way, whatever the effects of one deliver', async () => {
  const made = await connected();
  made.hello(2);
  // The first session is closed, and that it ended is told from within the effects.
  await made.commit();
  made.snapshot(2);
  made.clock.runNext();
  made.hello(3);
  made.clock.runSoon();
  assert.equal(made.store.commits.length, 2);
  await made.store.answer('committed');
  await made.commit();
  assert.equal(made.driver.state().hosts.get(A)?.session?.connection, 3);
});

test('what is stored is acknowledged, but nobody waits for that', async () => {
  const made = await connected();
  const answer = made.driver.submit(RESTART, anActor());
  for (const seq of [1, 2, 3]) made.tell(seq);
  made.clock.pass(ACKNOWLEDGE_INTERVAL_MS);
  await made.commit();
  assert.deepEqual(sentKinds(made), ['command']);
  made.clock.pass(ACKNOWLEDGE_INTERVAL_MS);
  assert.deepEqual(made.links.sent.slice(-1), [
    { connection: 1, message: { kind: 'acknowledgement', sessionEpoch: 1, seq: 3 } },
  ]);
  assert.deepEqual(sentKinds(made), ['command', 'acknowledgement']);
  await answer;
});

test('what makes nothing durable needs no commit', async () => {
  const made = await connected();
  made.driver.deliver({
    kind: 'message',
    host: A,
    connection: 1,
    message: { kind: 'heartbeat', probe: 0 },
  });
  made.driver.deliver({ kind: 'graceOver', host: A, lossCount: 99 });
  made.clock.runSoon();
  await allMicrotasks();
  assert.deepEqual(made.store.commits, []);
  made.tell(1);
  await made.commit();
  assert.equal(made.store.commits.length, 1);
});

test('a full disk refuses the batch whole: the state is as before and the sessions are ended', async () => {
  const made = await connected();
  const before = made.driver.state();
  const answer = made.driver.submit(RESTART, anActor());
  made.tell(1);
  made.hello(2);
  made.clock.runSoon();
  await made.store.answer('full');
  const refused = await answerSoFar(answer);
  assert.equal(typeof refused === 'object' && 'code' in refused && refused.code, 'exhausted');
  assert.equal(made.driver.state(), before);
  assert.deepEqual(made.links.sent, []);
  assert.deepEqual(
    made.links.closed.map(({ connection, because }) => [connection, because.code]),
    [
      [1, 'exhausted'],
      [2, 'exhausted'],
    ],
  );
  assert.deepEqual(made.broken, []);
  // There is room again: the agent comes back, and the same request is taken.
  made.hello(3);
  made.snapshot(3, 2);
  const again = made.driver.submit(RESTART, anActor());
  await made.commit();
  assert.equal(((await again) as Operation).state, 'running');
});

test('a full disk delays what must not be lost until there may be room', async () => {
  const made = await connected();
  made.driver.deliver({ kind: 'sessionEnded', host: A, connection: 1 });
  made.clock.runSoon();
  await made.store.answer('full');
  assert.notEqual(made.driver.state().hosts.get(A)?.session, null);
  made.clock.pass(1_000);
  await made.commit();
  assert.equal(made.driver.state().hosts.get(A)?.session, null);
});

test('a question to hosts is answered when they have answered, without the store', async () => {
  const made = await connected();
  const answer = made.driver.ask('avail', 'a', anActor());
  made.clock.runSoon();
  await allMicrotasks();
  assert.deepEqual(sentKinds(made), ['question']);
  assert.equal(await answerSoFar(answer), 'none yet');
  const given = { kind: 'avail', processes: [] } as const;
  const message = { kind: 'answer', sessionEpoch: 1, questionId: 1, answer: given } as const;
  made.driver.deliver({ kind: 'message', host: A, connection: 1, message });
  made.clock.runSoon();
  assert.deepEqual(await answer, [{ host: A, answer: given }]);
  assert.deepEqual(made.store.commits, []);
});

test('a question that nobody answers ends by the clock', async () => {
  const made = await connected();
  const answer = made.driver.ask('avail', 'a', anActor());
  made.clock.runSoon();
  await allMicrotasks();
  made.clock.pass(9_999);
  made.clock.runSoon();
  assert.equal(await answerSoFar(answer), 'none yet');
  made.clock.pass(1);
  made.clock.runSoon();
  const error = 'no answer within 10 s';
  assert.deepEqual(await answer, [{ host: A, answer: { kind: 'unreachable', error } }]);
});

test('a question in a batch that a full disk refuses is refused with it', async () => {
  const made = await connected();
  const answer = made.driver.ask('reread', 'a', anActor());
  made.tell(1);
  made.clock.runSoon();
  await made.store.answer('full');
  const refused = await answerSoFar(answer);
  assert.equal(typeof refused === 'object' && 'code' in refused && refused.code, 'exhausted');
  assert.equal(made.driver.state().questions.open.size, 0);
});

test('what is done on a host itself is logged once it is stored', async () => {
  const made = await connected();
  const order = { requestedBy: 'alice', command: 'stop web', operationId: null };
  made.tell(1, { kind: 'localOrder', ...order });
  made.clock.runSoon();
  assert.deepEqual(made.log.lines, []);
  await made.store.answer('committed');
  assert.deepEqual(made.log.lines, [
    {
      level: 'info',
      details: { host: 'a', requestedBy: 'alice', command: 'stop web', id: null },
      text: 'an order was given on a host itself',
    },
  ]);
});

test('a store that is broken is told, and nothing is done any more', async () => {
  const made = await connected();
  const answer = made.driver.submit(RESTART, anActor());
  made.clock.runSoon();
  const error = new Error('disk I/O error');
  await made.store.answer(error);
  assert.deepEqual(made.broken, [error]);
  assert.deepEqual(made.links.sent, []);
  assert.equal(await answerSoFar(answer), 'none yet');
  made.tell(1);
  made.clock.runSoon();
  assert.equal(made.store.commits.length, 1);
});

test('a grace ends after its time and takes the host from its operation', async () => {
  const made = await connected();
  const answer = made.driver.submit(RESTART, anActor());
  await made.commit();
  await answer;
  made.driver.deliver({ kind: 'sessionEnded', host: A, connection: 1 });
  await made.commit();
  made.clock.pass(GRACE_MS - 1);
  assert.equal(made.driver.state().operations.get(RESTART.request.id)?.facts.state, 'running');
  made.clock.pass(1);
  await made.commit();
  assert.equal(made.driver.state().operations.get(RESTART.request.id)?.facts.state, 'failed');
});

/** A running operation of two targets. */
async function running(): Promise<World> {
  const made = await connected();
  const answer = made.driver.submit(restart('all'), anActor());
  await made.commit();
  await answer;
  return made;
}

const told = (updates: readonly OperationUpdate[]) => updates.flatMap(tellingOf);

function tellingOf(update: OperationUpdate): string | readonly string[] {
  switch (update.kind) {
    case 'operation':
      return `operation ${update.operation.state}`;
    case 'targets':
      return update.targets.map(({ process, state }) => `${process} ${state}`);
    case 'moved':
    case 'ended':
      return `${update.kind} ${update.facts.state}`;
  }
}

/** Watches the operation, which must be known. */
function watch(
  { driver }: World,
  onUpdate: (update: OperationUpdate) => void,
  id: string = anId(),
): Disposable & { readonly operation: Operation } {
  const watching = driver.watch(id, onUpdate);
  assert.ok(!('code' in watching));
  return watching;
}

test('whoever watches gets the operation as committed and each change once', async () => {
  const made = await running();
  const updates: OperationUpdate[] = [];
  const committed = (): Operation => {
    const execution = made.driver.state().operations.get(anId());
    assert.ok(execution !== undefined);
    return operationOf(execution);
  };
  using watching = watch(made, (update) => {
    updates.push(update);
    assert.ok(committed().targets.some(({ state }) => state !== 'dispatched'));
  });
  assert.deepEqual(watching.operation, committed());
  assert.equal(watching.operation.state, 'running');
  made.tell(1, accepted(anId(), 'web'));
  made.clock.runSoon();
  assert.deepEqual(updates, []);
  await made.store.answer('committed');
  made.tell(2, settled(anId(), 'web'));
  made.tell(3, settled(anId(), 'db'));
  await made.commit();
  assert.deepEqual(told(updates), [
    'web accepted',
    'web succeeded',
    'db succeeded',
    'ended succeeded',
  ]);
  // fleetctl's side of it: out of what was told comes what is stored.
  const soFar = createOperationSoFar();
  soFar.note({ kind: 'operation', operation: watching.operation });
  assert.deepEqual(updates.map(soFar.note).at(-1), committed());
});

test('a watch may name an operation by the beginning of its id', async () => {
  const made = await running();
  const updates: OperationUpdate[] = [];
  using watching = watch(made, (update) => updates.push(update), anId().slice(0, 13));
  assert.equal(watching.operation.id, anId());
  made.tell(1, accepted(anId(), 'web'));
  await made.commit();
  assert.deepEqual(told(updates), ['web accepted']);
});

test('after its disposal a watch is told nothing', async () => {
  const made = await running();
  const updates: OperationUpdate[] = [];
  watch(made, (update) => updates.push(update))[Symbol.dispose]();
  made.tell(1, accepted(anId(), 'web'));
  await made.commit();
  assert.deepEqual(updates, []);
});

test('a watch that is disposed twice does not end the one that came after it', async () => {
  const made = await running();
  const first = watch(made, () => undefined);
  first[Symbol.dispose]();
  const updates: OperationUpdate[] = [];
  using _second = watch(made, (update) => updates.push(update));
  first[Symbol.dispose]();
  made.tell(1, accepted(anId(), 'web'));
  await made.commit();
  assert.deepEqual(told(updates), ['web accepted']);
});

test('an operation that nobody submitted cannot be watched', async () => {
  const made = await connected();
  const refused = made.driver.watch(anId(9), () => undefined);
  assert.equal('code' in refused && refused.code, 'nothing-matched');
});

test('the same request twice in one batch is one operation, and both are answered', async () => {
  const made = await connected();
  const answers = [made.driver.submit(RESTART, anActor()), made.driver.submit(RESTART, anActor())];
  await made.commit();
  const [first, second] = await Promise.all(answers);
  assert.deepEqual(first, second);
  assert.deepEqual(sentKinds(made), ['command']);
});

const steering = (action: Steering['action']): Steering => ({
  ...{ operation: anId(), action },
  ...{ kill: false, reason: 'wrong build' },
});

test('steering is answered with the operation as it stands once that is committed', async () => {
  const made = await running();
  const updates: OperationUpdate[] = [];
  using _watching = watch(made, (update) => updates.push(update));
  const answer = made.driver.steer(steering('pause'), anActor('bob'));
  made.clock.runSoon();
  assert.equal(await answerSoFar(answer), 'none yet');
  assert.deepEqual(updates, []);
  await made.store.answer('committed');
  const paused = (await answer) as Operation;
  assert.equal(paused.state, 'paused');
  assert.equal(paused.halt?.by, 'bob');
  assert.deepEqual(told(updates), ['moved paused']);
});

test('steering of what is not there is refused, and that is on record before it is told', async () => {
  const made = await connected();
  const answer = made.driver.steer(steering('cancel'), anActor('bob'));
  made.clock.runSoon();
  assert.equal(await answerSoFar(answer), 'none yet');
  assert.deepEqual(
    made.store.commits[0]?.map(({ kind }) => kind),
    ['audit'],
  );
  await made.store.answer('committed');
  const refused = await answerSoFar(answer);
  assert.equal(typeof refused === 'object' && 'code' in refused && refused.code, 'nothing-matched');
});

test('steering in a batch that a full disk refuses is refused with it', async () => {
  const made = await running();
  const answer = made.driver.steer(steering('pause'), anActor('bob'));
  made.clock.runSoon();
  await made.store.answer('full');
  const refused = await answerSoFar(answer);
  assert.equal(typeof refused === 'object' && 'code' in refused && refused.code, 'exhausted');
  assert.equal(made.driver.state().operations.get(anId())?.facts.state, 'running');
});

test('on a full disk refusals wait to be put on record, but not without end', async () => {
  const made = await connected();
  const refusals = Array.from({ length: 3_000 }, (_, index) => ({
    ...{ actor: anActor(`o${index}`), action: 'Control.Submit', outcome: 'refused', detail: 'no' },
    ...{ hosts: '', processes: [], targets: '', targetCount: 0, operation: null, reason: '' },
  }));
  for (const entry of refusals) {
    made.driver.deliver({ kind: 'onRecord', entry: { ...entry, outcome: 'refused' } });
  }
  made.driver.deliver({ kind: 'seen', certificate: aCertificate('a') });
  await answerAll(made, 'full');
  const lost = made.log.lines.filter(({ text }) => /^not on record/.test(text));
  assert.equal(lost.length, 2_000);
  made.store.commits.length = 0;
  made.clock.pass(1_000);
  await answerAll(made, 'committed');
  assert.equal(made.store.commits.flat().length, 1_000);
});

test('a deadline comes back as an input, and on a full disk it is tried again', async () => {
  const made = await connected();
  const strategy = { ...DEFAULT_STRATEGY, deadlineMs: 60_000 };
  const request = aRequest('restart', 'a', ['web'], { strategy });
  const answer = made.driver.submit({ kind: 'operation', request }, anActor());
  await made.commit();
  await answer;
  const state = () => made.driver.state().operations.get(anId())?.facts.state;
  made.clock.pass(59_999);
  assert.equal(state(), 'running');
  made.clock.pass(1);
  made.clock.runSoon();
  await made.store.answer('full');
  assert.equal(state(), 'running');
  made.clock.pass(1_000);
  await made.commit();
  assert.equal(state(), 'draining');
});
