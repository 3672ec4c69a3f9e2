import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createAuthority } from '../../certs-tool/issue.ts';
import { dialController } from '../../cli/dial.ts';
import { runFleetctl } from '../../cli/run.ts';
import { systemClock } from '../../cli/terminal/system-clock.ts';
import { TARGETS_PER_UPDATE_MAX } from '../../controller/calls/update-collector.ts';
import { encodeHost, encodeHostProcess, encodeStoredEvent } from '../../proto/codec/control.ts';
import { encodeRefusal } from '../../proto/codec/error.ts';
import {
  encodeOperation,
  encodeOperationSummary,
  encodeOperationUpdate,
} from '../../proto/codec/operation.ts';
import type { Credentials } from '../../proto/credentials.ts';
import { nodeConfigFiles } from '../../proto/dialect/node-files.ts';
import { refusal } from '../../proto/errors.ts';
import type { Operation, Target } from '../../proto/operation.ts';
import { hostId } from '../../proto/vocabulary.ts';
import { fakeWorld } from '../fakes/cli-environment.ts';
import {
  aHost,
  anOperation,
  aProcess,
  aSummary,
  aTarget,
  ended,
  whole,
} from '../fakes/control-client.ts';
import {
  answer,
  type ControlHandlers,
  type FakeController,
  startController,
  writeConfiguration,
} from './cli-controller.ts';
import { issue } from './tls-harness.ts';

let controllerPair: Credentials;
let alice: Credentials;
let stranger: Credentials;
const running: FakeController[] = [];
const scratch = mkdtempSync(join(tmpdir(), 'fleetctl-test-'));

before(async () => {
  const authority = await createAuthority({ fleet: 'test', nowMs: Date.now() });
  const other = await createAuthority({ fleet: 'other', nowMs: Date.now() });
  controllerPair = await issue(authority, { kind: 'controller', name: 'ops-1' });
  alice = await issue(authority, { kind: 'operator', name: 'alice' });
  stranger = await issue(other, { kind: 'operator', name: 'mallory' });
});

after(async () => {
  await Promise.all(running.map((controller) => controller.kill()));
  rmSync(scratch, { recursive: true });
});

function configurationFor(port: number, person: Credentials): string {
  return writeConfiguration(mkdtempSync(join(scratch, 'context-')), port, person);
}

async function start(handlers: ControlHandlers, port = 0): Promise<FakeController> {
  const controller = await startController(controllerPair, handlers, port);
  running.push(controller);
  return controller;
}

async function fleetctl(port: number, words: string, person = alice) {
  const world = fakeWorld((connection) =>
    dialController(
      connection,
      { env: {}, hostName: 'desk', workingDirectory: '/', files: nodeConfigFiles },
      Date.now(),
    ),
  );
  const config = configurationFor(port, person);
  const exitCode = await runFleetctl([...words.split(' '), '--config', config], {
    ...world.environment,
    clock: systemClock,
  });
  return { exitCode, stdout: world.stdout(), stderr: world.stderr(), config };
}

const done = anOperation({ targets: [aTarget('prod-1', 'web'), aTarget('prod-2', 'web')] });
const begun: Operation = {
  ...done,
  state: 'running',
  endedAtMs: null,
  targets: done.targets.map((target) => ({ ...target, state: 'pending' })),
};

const targetUpdate = (target: Target) =>
  encodeOperationUpdate({ kind: 'targets', targets: [target] });

const submits: ControlHandlers = {
  SubmitOperation: answer(encodeOperation(begun)),
  WatchOperation: (call) => {
    call.write(encodeOperationUpdate(whole(begun)));
    for (const target of done.targets) call.write(targetUpdate(target));
    call.write(encodeOperationUpdate(ended(done)));
    call.end();
  },
};

test('status travels over mutual TLS and back', async () => {
  const asked: object[] = [];
  const { port } = await start({
    ListProcesses: (call, reply) => {
      asked.push(call.request);
      reply(null, {
        processes: [encodeHostProcess(aProcess('prod-1', 'web', { state: 'FATAL', pid: null }))],
        hosts: [encodeHost(aHost('prod-1'))],
      });
    },
  });
  const { exitCode, stdout, stderr } = await fleetctl(port, 'status web cron --hosts prod-*');
  assert.equal(stderr, '');
  assert.equal(exitCode, 3);
  assert.match(stdout, /^prod-1 {3}web {7}FATAL/m);
  assert.deepEqual(asked, [{ hosts: 'prod-*', processes: ['web', 'cron'] }]);
});

test('a restart is watched to its end', async () => {
  const { port } = await start(submits);
  const { exitCode, stdout, stderr } = await fleetctl(port, 'restart web --hosts prod-*');
  assert.equal(stderr, '');
  assert.equal(exitCode, 0);
  assert.equal(
    stdout,
    'prod-1   web   restarted\nprod-2   web   restarted\n' +
      'restarted 2 of 2 targets on 2 hosts in 1.1 s\n',
  );
});

test('a controller that dies in the middle and comes back is found again', async () => {
  const remembered = {
    ...begun,
    targets: [...done.targets.slice(0, 1), ...begun.targets.slice(1)],
  };
  const successor: ControlHandlers = {
    WatchOperation: (call) => {
      call.write(encodeOperationUpdate(whole(remembered)));
      call.write(encodeOperationUpdate(whole(done)));
      call.end();
    },
  };
  const first = await start({
    ...submits,
    WatchOperation: (call) => {
      call.write(encodeOperationUpdate(whole(begun)));
      const [target] = done.targets;
      if (target !== undefined) call.write(targetUpdate(target));
      setImmediate(async () => {
        await first.kill();
        await start(successor, first.port);
      });
    },
  });
  const { exitCode, stdout, stderr } = await fleetctl(first.port, 'restart web --hosts prod-*');
  assert.equal(exitCode, 0, stderr);
  assert.equal(stdout.match(/^prod-1 /gm)?.length, 1);
  assert.match(stdout, /restarted 2 of 2 targets/);
  assert.equal(
    stderr,
    `lost sight of operation ${done.id}, which goes on; looking for the controller again\n`,
  );
});

test('a stream that the controller ends by force or too early is taken up again', async () => {
  let views = 0;
  const { port } = await start({
    ...submits,
    WatchOperation: (call) => {
      views += 1;
      if (views === 1) call.emit('error', encodeRefusal(refusal('unavailable', 'shutting down')));
      else if (views === 2) call.emit('error', { code: 1, details: 'cancelled by force' });
      else if (views === 3) call.end();
      else submits.WatchOperation?.(call);
    },
  });
  const { exitCode, stderr } = await fleetctl(port, 'restart web --hosts prod-*');
  assert.equal(exitCode, 0, stderr);
  assert.equal(views, 4);
});

test('a refusal arrives whole: code, cause and fix', async () => {
  const because = refusal('denied', 'alice may not restart web on prod-1', {
    cause: 'no role of alice allows restart there',
    fix: 'ask for a role in controller.conf',
  });
  const { port } = await start({
    SubmitOperation: (_call, reply) => reply(encodeRefusal(because), null),
  });
  const { exitCode, stdout, stderr } = await fleetctl(port, 'restart web --hosts prod-1');
  assert.equal(exitCode, 5);
  assert.equal(stdout, '');
  assert.equal(
    stderr,
    'error: alice may not restart web on prod-1\n' +
      'cause: no role of alice allows restart there\n' +
      'fix:   ask for a role in controller.conf\n',
  );
});

test('where nobody listens it fails at once and says so', async () => {
  const { port, kill } = await startController(controllerPair, {});
  await kill();
  const startedAtMs = performance.now();
  const { exitCode, stderr } = await fleetctl(port, 'restart web --hosts prod-1 -o json');
  assert.ok(performance.now() - startedAtMs < 2_000);
  assert.equal(exitCode, 4);
  const error = JSON.parse(stderr);
  assert.equal(error.message, `the controller at 127.0.0.1:${port} cannot be reached`);
  assert.match(error.cause, /nothing listens/);
});

test('a controller of another fleet is not spoken to', async () => {
  const { port } = await start({});
  const { exitCode, stderr } = await fleetctl(port, 'status', stranger);
  assert.equal(exitCode, 4);
  assert.match(stderr, /^cause: the server has a certificate of another authority/m);
});

test("a key that is not the person's own is found before any connection", async () => {
  const { exitCode, stderr } = await fleetctl(1, 'status', { ...alice, key: stranger.key });
  assert.equal(exitCode, 2);
  assert.match(stderr, /cause: .*alice\.key is not the key of .*alice\.crt/);
});

test('a controller of a far-away release is told apart from a broken one', async () => {
  const { port } = await start({ GetVersion: answer({ version: '9.0.0', protocolVersion: 9 }) });
  const { exitCode, stderr } = await fleetctl(port, 'hosts');
  assert.equal(exitCode, 1);
  assert.match(stderr, /^cause: the controller 9\.0\.0 speaks protocol 9, fleetctl \S+ speaks 1$/m);
});

test('twenty thousand targets that fail with their logs fit, told piece by piece', async () => {
  const logTail = Array.from({ length: 20 }, (_, line) => `${line} ${'x'.repeat(200)}`);
  const targets = Array.from({ length: 20_000 }, (_, n) => aTarget(`prod-${n}`, 'web'));
  const large = anOperation({
    targets: targets.map((target) => ({ ...target, state: 'pending' })),
  });
  const { port } = await start({
    SubmitOperation: answer(encodeOperation(begun)),
    WatchOperation: (call) => {
      call.write(encodeOperationUpdate(whole({ ...large, state: 'running', endedAtMs: null })));
      for (let from = 0; from < targets.length; from += TARGETS_PER_UPDATE_MAX) {
        const piece = targets.slice(from, from + TARGETS_PER_UPDATE_MAX);
        const failed = piece.map((target) => ({ ...target, state: 'failed', logTail }) as const);
        call.write(encodeOperationUpdate({ kind: 'targets', targets: failed }));
      }
      // The end is fleetctl's to see: this controller leaves the stream open.
      call.write(encodeOperationUpdate(ended({ ...large, state: 'failed' })));
    },
  });
  const { exitCode, stdout } = await fleetctl(port, 'restart web --hosts @*');
  assert.equal(exitCode, 10);
  assert.equal(stdout.match(/FAILED/g)?.length, 20_000);
  assert.match(stdout, /^log of web on prod-\[0-19999\]:$/m);
});

test('operations are listed and shown over the wire', async () => {
  const asked: object[] = [];
  const { port } = await start({
    ListOperations: (call, reply) => {
      asked.push(call.request);
      reply(null, { operations: [encodeOperationSummary(aSummary(begun))] });
    },
    GetOperation: (call, reply) => {
      asked.push(call.request);
      reply(null, encodeOperation(begun));
    },
  });
  const listed = await fleetctl(port, 'op list --running -n 3 -o name');
  assert.deepEqual([listed.exitCode, listed.stdout], [0, `${begun.id}\n`]);
  const shown = await fleetctl(port, 'op show 0198f2a0 -o json');
  assert.equal(shown.exitCode, 0, shown.stderr);
  assert.deepEqual(JSON.parse(shown.stdout).targets[1].state, 'pending');
  assert.deepEqual(asked, [{ runningOnly: true, limit: 3 }, { id: '0198f2a0' }]);
});

test('events of a host, or of one process on it, are asked for and read', async () => {
  const asked: object[] = [];
  const event = {
    host: hostId('prod-1'),
    seq: 7,
    atMs: 12,
    storedAtMs: 13,
    event: { kind: 'processChanged', process: aProcess('prod-1', 'web').status },
  } as const;
  const { port } = await start({
    ListEvents: (call, reply) => {
      const { host, process, limit } = call.request as Record<string, unknown>;
      asked.push({ host, process, limit });
      reply(null, { events: [encodeStoredEvent(event)] });
    },
  });
  using client = await dialController(
    { config: configurationFor(port, alice), context: null },
    { env: {}, hostName: 'desk', workingDirectory: '/', files: nodeConfigFiles },
    Date.now(),
  );
  const ofHost = { host: 'prod-1', process: null, limit: 5 };
  assert.deepEqual(await client.listEvents(ofHost), [event]);
  await client.listEvents({ ...ofHost, process: 'web' });
  assert.deepEqual(asked, [
    { host: 'prod-1', process: undefined, limit: 5 },
    { host: 'prod-1', process: 'web', limit: 5 },
  ]);
});

test('--timeout ends a view on which nothing happens', async () => {
  const { port } = await start({
    ...submits,
    WatchOperation: (call) => void call.write(encodeOperationUpdate(whole(begun))),
  });
  const startedAtMs = performance.now();
  const { exitCode, stderr } = await fleetctl(port, 'restart web --hosts prod-* --timeout 1');
  const tookMs = performance.now() - startedAtMs;
  assert.equal(exitCode, 124, stderr);
  assert.match(stderr, /^timed out: operation \S+ goes on at the controller\nnext: fleetctl /);
  assert.ok(tookMs > 950 && tookMs < 5_000, `${tookMs} ms`);
});

test('--timeout ends a submission that nobody answers', async () => {
  const { port } = await start({ SubmitOperation: () => {} });
  const { exitCode, stderr } = await fleetctl(port, 'restart web --hosts prod-* --timeout 1');
  assert.equal(exitCode, 124, stderr);
  assert.match(
    stderr,
    /^timed out: it is not known whether the controller accepted this restart\n/,
  );
});

/** The program itself, as a person runs it. */
async function runProgram(
  config: string,
  words: readonly string[],
  onOutput: (pid: number) => void,
) {
  const program = spawn(process.execPath, ['--import', 'tsx', 'cli/main.ts', ...words], {
    env: { ...process.env, FLEETCTL_CONFIG: config },
  });
  const written = { stdout: '', stderr: '' };
  program.stdout.setEncoding('utf8').on('data', (text: string) => {
    written.stdout += text;
    onOutput(program.pid as number);
  });
  program.stderr.setEncoding('utf8').on('data', (text: string) => {
    written.stderr += text;
  });
  const [exitCode] = await once(program, 'close');
  return { ...written, exitCode };
}

test('the program ends by itself, with the exit code of the command', async () => {
  const { port } = await start(submits);
  const words = ['restart', 'web', '--hosts', 'prod-*'];
  const { stdout, exitCode } = await runProgram(configurationFor(port, alice), words, () => {});
  assert.equal(exitCode, 0);
  assert.match(stdout, /restarted 2 of 2 targets on 2 hosts in 1\.1 s\n$/);
});

test('output that is larger than a pipe arrives whole', async () => {
  const processes = Array.from({ length: 5_000 }, (_, n) =>
    encodeHostProcess(aProcess(`prod-${n}`, 'web')),
  );
  const { port } = await start({ ListProcesses: answer({ processes, hosts: [] }) });
  const words = ['status', '-o', 'json'];
  const { stdout, exitCode } = await runProgram(configurationFor(port, alice), words, () => {});
  assert.equal(exitCode, 0);
  assert.equal(JSON.parse(stdout).items.length, 5_000);
});

test('Ctrl-C leaves the operation to the controller', async () => {
  const { port } = await start({
    ...submits,
    WatchOperation: (call) => {
      const [target] = done.targets;
      call.write(encodeOperationUpdate(whole(begun)));
      if (target !== undefined) call.write(targetUpdate(target));
    },
  });
  const { exitCode, stdout, stderr } = await runProgram(
    configurationFor(port, alice),
    ['restart', 'web', '--hosts', 'prod-*'],
    (pid) => process.kill(pid, 'SIGINT'),
  );
  assert.equal(exitCode, 130);
  assert.equal(stdout, 'prod-1   web   restarted\n');
  assert.match(
    stderr,
    /^interrupted: operation \S+ goes on at the controller\nnext: fleetctl op watch \S+\n$/,
  );
});
