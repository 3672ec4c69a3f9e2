import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ControlClient } from '../../cli/ports.ts';
import { type Watching, watchToEnd } from '../../cli/watch/to-end.ts';
import { FleetError, refusal } from '../../proto/errors.ts';
import type { Operation, OperationUpdate } from '../../proto/operation.ts';
import { fakeWorld } from '../fakes/cli-environment.ts';
import {
  anOperation,
  aTarget,
  ended as endedAs,
  fakeControl,
  lost,
  whole,
} from '../fakes/control-client.ts';
import { fakeScreen } from '../fakes/screen.ts';

const web = aTarget('prod-1', 'web', { state: 'pending' });
const begun = anOperation({ state: 'running', endedAtMs: null, targets: [web] });
const stopping = { ...web, state: 'accepted', processState: 'STOPPING' } as const;
const succeeded = anOperation({ targets: [{ ...web, state: 'succeeded', newPid: 23 }] });
const failed = anOperation({
  state: 'failed',
  targets: [{ ...web, state: 'failed', error: 'Exited too quickly' }],
});

/** A stream that says what the test says when the test says it. */
function scriptedStream() {
  const queue: (OperationUpdate | FleetError)[] = [];
  let wake = () => {};
  const client: ControlClient = {
    ...fakeControl({}).client,
    watchOperation: async function* (_id, signal) {
      for (;;) {
        signal.throwIfAborted();
        const next = queue.shift();
        if (next instanceof FleetError) throw next;
        if (next !== undefined) yield next;
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
            signal.addEventListener('abort', () => resolve(), { once: true });
          });
        }
      }
    },
  };
  const say = async (next: OperationUpdate | FleetError) => {
    queue.push(next);
    wake();
    await new Promise(setImmediate);
  };
  return { client, say };
}

/** Somebody at a terminal of 70 by 12 who has just pressed Enter. */
function watching(rest: Partial<Watching> = {}) {
  const { client, say } = scriptedStream();
  const world = fakeWorld(client);
  const screen = fakeScreen(70, 12);
  screen.output.write('$ fleetctl …\n');
  const { stderr, clock } = world.environment;
  const environment = {
    ...world.environment,
    stdout: screen.output,
    terminal: screen.terminal,
    stderr: { ...stderr, write: (text: string) => stderr.write(text) },
  };
  const abort = new AbortController();
  const ports = { client, clock, fleetctl: 'fleetctl', signal: abort.signal };
  const options: Watching = { id: begun.id, output: 'table', quiet: false, ...rest };
  const ended = watchToEnd(environment, ports, options);
  return { ...world, screen, say, ended, abort };
}

const changed = (...targets: Operation['targets']): OperationUpdate => ({
  kind: 'targets',
  targets,
});

test('on a terminal the operation is seen at once, as it changes, and how it ended stays', async () => {
  const { screen, say, pass, ended } = watching();
  await say(whole(begun));
  assert.deepEqual(screen.visible(), [
    '$ fleetctl …',
    'restart web: 1 target on 1 host, 0 s',
    'prod-1   web   waiting',
    'waiting for the controller',
    'Ctrl-C stops watching, not the operation',
  ]);
  await say(changed(stopping));
  pass(100);
  assert.equal(
    screen.visible()[2],
    'prod-1   web   stopping      0 s   until it exits or is killed',
  );
  await say(whole(succeeded));
  assert.equal(await ended, 0);
  const end = [
    '$ fleetctl …',
    'prod-1   web   started       pid 23',
    'restarted 1 of 1 target on 1 host in 1.1 s; 1 was down before',
  ];
  assert.deepEqual(screen.visible(), end);
  pass(10_000);
  screen.resize(70, 10);
  assert.deepEqual(screen.visible(), end);
});

test('ten frames a second are the most, one the least', async () => {
  const { screen, say, pass } = watching();
  await say(whole(begun));
  const frames = (action: () => void): number => {
    const before = screen.writes.length;
    action();
    return screen.writes.length - before;
  };
  for (let host = 0; host < 50; host += 1)
    await say(changed({ ...stopping, overdue: host % 2 === 0 }));
  assert.equal(
    frames(() => pass(100)),
    1,
  );
  assert.equal(
    frames(() => pass(2_999)),
    2,
  );
  assert.match(screen.visible()[1] ?? '', /, 3 s$|, 2 s$/);
});

test('a resize is answered at once', async () => {
  const { screen, say } = watching();
  await say(whole(begun));
  screen.resize(30, 12);
  assert.deepEqual(screen.visible().slice(-2), [
    'waiting for the controller',
    'Ctrl-C stops watching, not t…',
  ]);
  assert.equal(screen.visible()[0], '$ fleetctl …');
});

const pausedBy = (by: string | null, because: string) =>
  ({
    ...begun,
    state: 'paused',
    halt: { by, because, atMs: 0, endsAs: null, kill: false },
  }) as const;
const movedTo = ({ targets: _, ...facts }: Operation): OperationUpdate => ({
  kind: 'moved',
  facts,
});

test('who watches an operation that is paused is let go when nothing is under way any more', async () => {
  const { screen, say, ended } = watching();
  const two = [web, aTarget('prod-2', 'web', { state: 'pending', wave: 1 })];
  await say(whole({ ...begun, targets: two }));
  await say(changed(stopping));
  await say(movedTo(pausedBy('bob', 'wait')));
  await say(changed({ ...web, state: 'succeeded', newPid: 23 }));
  assert.equal(await ended, 13);
  assert.deepEqual(screen.visible().slice(-5), [
    'prod-2   web   waiting',
    'paused by bob: wait; restarted 1 of 2 targets; 1 was down before; 1 no',
    't begun: web on prod-2',
    `resume: fleetctl op resume ${begun.id}`,
    `cancel: fleetctl op cancel ${begun.id}`,
  ]);
});

test('an operation that has paused itself is not passed off as done, whoever reads', async () => {
  const paused = pausedBy(null, '1 target failed, and none may');
  const quiet = watching({ quiet: true });
  await quiet.say(whole(paused));
  assert.equal(await quiet.ended, 12);
  assert.match(quiet.stderr(), /^paused: 1 target failed, and none may; restarted 0 of 1 target; /);
  const json = watching({ output: 'json' });
  await json.say(whole(paused));
  assert.equal(await json.ended, 12);
  assert.equal(JSON.parse(json.screen.writes.at(-1) ?? '').state, 'paused');
});

test('after Ctrl-Z and `fg` the view stands below what the shell wrote', async () => {
  const { screen, say, ended } = watching();
  await say(whole(begun));
  screen.resume('\n[1]+  Stopped\n$ fg\n');
  const above = screen.everything().slice(0, 8);
  assert.deepEqual(above.slice(-3), ['', '[1]+  Stopped', '$ fg']);
  await say(changed({ ...web, state: 'succeeded', newPid: 23 }));
  await say(endedAs(succeeded));
  assert.equal(await ended, 0);
  assert.deepEqual(screen.everything(), [
    ...above,
    'prod-1   web   started       pid 23',
    'restarted 1 of 1 target on 1 host in 1.1 s; 1 was down before',
  ]);
  screen.resume('$ ls\n');
  assert.equal(screen.everything().at(-1), '$ ls');
});

test('who turns away keeps the last frame, without the hint, and the terminal as it was', async () => {
  const { screen, say, ended, abort, pass } = watching();
  await say(whole(begun));
  const because = new FleetError(refusal('interrupted', 'it goes on'));
  abort.abort(because);
  await assert.rejects(ended, because);
  const left = [
    '$ fleetctl …',
    'restart web: 1 target on 1 host, 0 s',
    'prod-1   web   waiting',
    'waiting for the controller',
  ];
  assert.deepEqual(screen.visible(), left);
  assert.deepEqual(screen.cursor(), { row: 4, column: 0 });
  pass(10_000);
  assert.deepEqual(screen.visible(), left);
});

test('who turns away before anything was seen sees nothing', async () => {
  const { screen, ended, abort } = watching();
  abort.abort(new FleetError(refusal('interrupted', 'it goes on')));
  await assert.rejects(ended);
  assert.deepEqual(screen.visible(), ['$ fleetctl …']);
});

test('a broken stream is told in the view, and stderr does not wreck it', async () => {
  const { screen, say, pass, stderr, ended } = watching();
  await say(whole(begun));
  await say(lost);
  pass(100);
  assert.match(screen.visible()[3] ?? '', /^lost sight of the operation, which goes on/);
  assert.equal(stderr(), '');
  pass(250);
  await say(whole(succeeded));
  assert.equal(await ended, 0);
});

test('--quiet is silent about a success, and about a break that heals', async () => {
  const { screen, say, pass, stderr, ended } = watching({ quiet: true });
  await say(whole(begun));
  await say(lost);
  pass(250);
  await say(whole(succeeded));
  assert.equal(await ended, 0);
  assert.deepEqual(screen.visible(), ['$ fleetctl …']);
  assert.equal(stderr(), '');
});

test('--quiet tells of a failure on stderr', async () => {
  const { screen, say, stderr, ended } = watching({ quiet: true });
  await say(whole(failed));
  assert.equal(await ended, 10);
  assert.deepEqual(screen.visible(), ['$ fleetctl …']);
  assert.match(
    stderr(),
    /^restarted 0 of 1 target; 1 failed: web on prod-1: Exited too quickly\nlook: /,
  );
});

test('--quiet tells of what was left alone, too: nobody should take it for done', async () => {
  const { say, stderr, ended } = watching({ quiet: true });
  const skipped = { ...web, state: 'skipped', error: 'held by alice' } as const;
  await say(whole(anOperation({ targets: [skipped] })));
  assert.equal(await ended, 0);
  assert.equal(stderr(), 'restarted 0 of 1 target; 1 skipped: web on prod-1: held by alice\n');
});

test('a document that is asked for comes alone, on a terminal and with --quiet too', async () => {
  const { screen, say, pass, stderr, ended } = watching({ output: 'json', quiet: true });
  await say(whole(begun));
  await say(lost);
  pass(250);
  await say(whole(failed));
  assert.equal(await ended, 10);
  assert.equal(JSON.parse(screen.writes.at(-1) ?? '').kind, 'Operation');
  assert.equal(screen.writes.length, 2);
  assert.equal(stderr(), '');
});
