/**
 * A host that is restarted behind a network which lost its old connection without a word: nobody can
 * tell it from a copy, until the old connection is known to be dead. Then it is let in by itself.
 */
import assert from 'node:assert/strict';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { linesOf, placeHost, runHost, statusOf } from './life-stage.ts';
import { LETS_IN, openFleet } from './newcomers.ts';

const PROGRAMS = '[program:web]\ncommand = sleep 1000\nstartsecs = 0\n';

/** Three heartbeats are missed until silence is taken for an end; one more until it is noticed. */
const KNOWN_WITHIN_MS = 30_000;

interface Cable extends Disposable {
  readonly port: number;
  /** What is connected now says and hears nothing more, and no end of it learns why. */
  loseWord(): void;
}

async function layCable(controllerPort: number): Promise<Cable> {
  const pairs: { readonly near: Socket; readonly far: Socket }[] = [];
  const server = createServer((near) => {
    const far = connect(controllerPort, '127.0.0.1');
    for (const socket of [near, far]) socket.on('error', () => undefined);
    near.pipe(far).pipe(near);
    pairs.push({ near, far });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    loseWord() {
      for (const { near, far } of pairs) {
        near.unpipe(far);
        far.unpipe(near);
        far.resume();
        near.resume();
      }
    },
    [Symbol.dispose]() {
      server.close();
      for (const { near, far } of pairs) {
        near.destroy();
        far.destroy();
      }
    },
  };
}

test('it waits for the old connection to be known as dead, and is in', async () => {
  using open = await openFleet(LETS_IN);
  const { fleet } = open;
  using cable = await layCable(fleet.port);
  const endsAtMs = Date.now() + 1_800_000;
  const host = placeHost(open, 'web-1', { endsAtMs, programs: PROGRAMS, port: cable.port });
  const agent = await runHost(fleet, host);
  const web = await fleet.running('web-1', 'web');
  const before = await statusOf(fleet, 'web-1');
  cable.loseWord();
  await agent.end('SIGKILL');
  const next = await runHost(fleet, host);
  await fleet.until('it is in', () => linesOf(next, 'session is up').length > 0, {
    withinMs: KNOWN_WITHIN_MS,
  });
  const status = await fleet.until('it is shown', async () => {
    const shown = await statusOf(fleet, 'web-1');
    return shown?.connected && shown.connectedSinceMs !== before?.connectedSinceMs && shown;
  });
  assert.equal(status.identityProblem, null);
  assert.equal(await fleet.running('web-1', 'web'), web);
});
