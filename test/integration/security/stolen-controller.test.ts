/**
 * A controller in the wrong hands, with every certificate in order: an agent with a policy does what
 * the policy lets it do, and one without it still does nothing but what its own file describes.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { makeOperationId, OPERATION_ID_RANDOM_BYTES } from '../../../proto/operation-id.ts';
import {
  type AgentEvent,
  knownProcessName,
  type OperationId,
  type Verb,
  WHOLE_HOST,
} from '../../../proto/vocabulary.ts';
import { createFleet, type Fleet } from '../fleet/harness.ts';
import { readCredentials } from '../fleet/pki.ts';
import {
  type ScriptedController,
  type ScriptedSession,
  startScriptedController,
} from '../fleet/scripted-controller.ts';

type Settled = Extract<AgentEvent, { readonly kind: 'targetSettled' }>;

let fleet: Fleet;
let controller: ScriptedController;
let bounded: ScriptedSession;
let open: ScriptedSession;

before(async () => {
  fleet = await createFleet();
  const wanted = await fleet.pki.issue({ kind: 'controller', name: 'stolen' });
  controller = await startScriptedController(readCredentials(wanted, 'controller'), fleet.port);
  const program = (name: string, more = ''): string =>
    `[program:${name}]\ncommand = sleep 1000\nstartsecs = 0\n${more}`;
  const programs = program('web') + program('db') + program('idle', 'autostart = false\n');
  const policy = `[policy]
allow_verbs = restart, signal, logs
processes = web, idle
signals = HUP
directories = ${fleet.folder}
`;
  await fleet.startAgent('bounded-1', { programs: programs + policy });
  bounded = await sessionAfter(0);
  const printer = `[program:printer]\ncommand = sh -c "echo harmless; exec sleep 1000"\nstartsecs = 0\n`;
  await fleet.startAgent('open-1', { programs: programs + printer });
  open = await sessionAfter(1);
});

after(async () => {
  fleet?.[Symbol.dispose]();
  await controller?.[Symbol.asyncDispose]();
});

const sessionAfter = (count: number): Promise<ScriptedSession> =>
  fleet.until('the agent is in session', () => {
    const session = controller.sessions[count];
    return session?.heard.some(({ kind }) => kind === 'snapshot') && session;
  });

const newId = (): OperationId =>
  makeOperationId(Date.now(), randomBytes(OPERATION_ID_RANDOM_BYTES));

interface Order {
  readonly verb: Verb;
  readonly process?: string;
  readonly signal?: string;
  readonly startFollows?: boolean;
  readonly groups?: readonly string[];
}

/** How it went with the first target of it. */
async function outcomeOf(session: ScriptedSession, order: Order): Promise<Settled['outcome']> {
  const { verb, process = 'web', signal = null, startFollows = false, groups = [] } = order;
  const operationId = newId();
  session.say({
    kind: 'command',
    sessionEpoch: session.epoch,
    ...{ operationId, verb, signal, startFollows, groups },
    processes: [verb === 'update' ? WHOLE_HOST : knownProcessName(process)],
    ...{ minHealthyMs: 0, expiresInMs: null, sentAtMs: performance.now() },
  });
  const { outcome } = await fleet.until(`${verb} ${process} is settled`, () =>
    session
      .events()
      .find(
        (event): event is Settled =>
          event.kind === 'targetSettled' && event.operationId === operationId,
      ),
  );
  return outcome;
}

/** Of everything that was started for this host. */
const pidsOf = (host: string): readonly number[] => fleet.leftOn(host).map(({ pid }) => pid);

const FORBIDDEN: readonly (readonly [order: Order, rule: RegExp])[] = [
  [{ verb: 'stop' }, /allow_verbs = restart, signal, logs/],
  [{ verb: 'start', process: 'idle' }, /allow_verbs/],
  [{ verb: 'stop', startFollows: true }, /allow_verbs/],
  [{ verb: 'update' }, /allow_verbs/],
  [{ verb: 'update', groups: ['web'] }, /allow_verbs/],
  [{ verb: 'restart', process: 'db' }, /processes = web, idle/],
  [{ verb: 'signal', process: 'db', signal: 'HUP' }, /processes = web, idle/],
  [{ verb: 'signal', signal: 'KILL' }, /signals = HUP/],
  [{ verb: 'signal', signal: 'STOP' }, /signals = HUP/],
  [{ verb: 'restart' }, /directories = /],
  [{ verb: 'restart', process: 'idle' }, /directories = /],
];

test('what the policy does not allow is refused by name of its rule, and nothing happens', async () => {
  const before = pidsOf('bounded-1');
  assert.ok(before.length > 0);
  for (const [order, rule] of FORBIDDEN) {
    const { state, error } = await outcomeOf(bounded, order);
    assert.equal(state, 'failed', JSON.stringify(order));
    assert.match(error ?? '', /\[policy\]/, JSON.stringify(order));
    assert.match(error ?? '', rule, JSON.stringify(order));
  }
  assert.deepEqual(pidsOf('bounded-1'), before);
  const { state } = await outcomeOf(bounded, { verb: 'signal', signal: 'HUP' });
  assert.equal(state, 'succeeded', 'and what it allows is done');
});

const STRANGE_NAMES = [
  '--help',
  '-rf',
  '$(touch canary)',
  '`touch canary`',
  'web; touch canary',
  'web\ntouch canary',
  'web\0',
  '../../../../bin/sh',
  '/bin/sh',
  'web:web:web',
  '',
  ' web',
  '__proto__',
  'constructor',
] as const;

const TERM = { signal: 'TERM' } as const;

test('a process is one of its own file, whatever is in the name: no shell, no file, no argument', async () => {
  const before = pidsOf('open-1');
  assert.ok(before.length > 0);
  const orders = (['start', 'restart', 'stop', 'signal'] as const).flatMap((verb) =>
    STRANGE_NAMES.map((process) => ({ verb, process, ...(verb === 'signal' && TERM) })),
  );
  await Promise.all(
    orders.map(async (order) => {
      const { state, error } = await outcomeOf(open, order);
      assert.equal(state, 'failed', JSON.stringify(order));
      assert.match(error ?? '', /no such process|no process/, JSON.stringify(order));
    }),
  );
  for (const signal of ['; touch canary', '-9', 'TERM,KILL', '--', '99999']) {
    const { state } = await outcomeOf(open, { verb: 'signal', signal });
    assert.equal(state, 'failed', signal);
  }
  assert.deepEqual(pidsOf('open-1'), before);
  assert.equal(existsSync(fleet.path('canary')), false);
});

test('logs are those of its processes: no path leads anywhere else', async () => {
  const secret = fleet.path('secret.log');
  writeFileSync(secret, 'TOP-SECRET\n');
  const paths = ['../secret.log', secret, `..${secret}`, '%2e%2e/secret.log', 'web/../secret.log'];
  const names = ['printer', ...paths, ...paths.map((path) => `${path}\0`), ...STRANGE_NAMES];
  for (const [index, name] of names.entries()) {
    const of = { sessionEpoch: open.epoch, readerId: index + 1 } as const;
    open.say({
      ...{ kind: 'readLogs', ...of, processes: [knownProcessName(name)], channels: ['stdout'] },
      selection: {
        from: { kind: 'bytes', bytes: 4_096 },
        sinceMs: null,
        grep: null,
        follow: false,
      },
      creditBytes: 65_536,
    });
  }
  await fleet.until('each has come to an end', () => {
    const ends = open.heard.filter(({ kind }) => kind === 'logsEnd');
    return ends.length === names.length;
  });
  const blocks = open.heard.flatMap((one) => (one.kind === 'logBlock' ? [one] : []));
  assert.deepEqual(
    blocks.map(({ process, data }) => [process, Buffer.from(data).toString()]),
    [['printer', 'harmless\n']],
  );
  assert.doesNotMatch(JSON.stringify(open.heard), /TOP-SECRET/);
});
