/** Who reads a log on the host itself, and what becomes of it when the host's rules change. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { type HostRules, NO_POLICY } from '../../agent/core/host-rules.ts';
import { createCallers } from '../../agent/local/callers.ts';
import { grantLog } from '../../agent/local/granted-log.ts';
import { type LogCall, type ReadableLog, readLog } from '../../agent/local/log-call.ts';
import { BUILT_IN_ROLES } from '../../proto/authority.ts';
import { encodeLogRequest } from '../../proto/codec/local.ts';
import { knownProcessName } from '../../proto/vocabulary.ts';
import { aRunningHost } from '../fakes/agent-host.ts';
import { aDefinition } from '../fakes/agent-process.ts';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Alice is uid 1000, and in group 500 as long as that is said. */
function aHostWithReaders() {
  const host = aRunningHost(aDefinition('web'));
  let rules: HostRules = { ownUid: 42, policy: NO_POLICY, access: null };
  const gids = new Set([500]);
  let nowMs = 0;
  const callers = createCallers(
    { offer: () => null, check: (path) => Promise.resolve(Number(path)), [Symbol.dispose]() {} },
    {
      nameOf: (uid) => Promise.resolve(`u${uid}`),
      groupsOf: () => Promise.resolve([...gids]),
      areGroupsWanted: () => rules.access !== null,
      nowMs: () => nowMs,
    },
  );
  let followers = 0;
  const mainLog: ReadableLog = {
    tail: () => new Uint8Array(),
    follow(take) {
      followers += 1;
      void take(Buffer.from('a line'));
      return {
        [Symbol.dispose]: () => {
          followers -= 1;
        },
      };
    },
  };
  const logFiles = { logPath: () => import.meta.filename, clearLogs: () => null };
  const logs = { state: () => ({ ...host.state(), rules }), callers, logFiles, mainLog };

  async function follow(process: string | null, uid: number) {
    const name = process === null ? null : knownProcessName(process);
    const wanted = { process: name, channel: 'stdout', bytes: 0, follow: true } as const;
    const request = encodeLogRequest({ ...wanted, proofPath: String(uid), sudoUser: null });
    const call = Object.assign(new EventEmitter(), {
      ...{ request, cancelled: false, write: (_: object, gone: () => void) => gone() },
      end: () => undefined,
    });
    const ends: string[] = [];
    call.on('error', (error: Error) => void ends.push(error.message));
    const reading = readLog(call as unknown as LogCall, (asked) => grantLog(asked, logs));
    await settled();
    const judgeAgain = async (): Promise<readonly string[]> => {
      reading.judgeAgain();
      await settled();
      return ends;
    };
    return { judgeAgain, [Symbol.dispose]: () => reading[Symbol.dispose]() };
  }
  return {
    follow,
    followers: () => followers,
    /** Whoever is of group 500 has this role; nobody else has any. */
    setRole(name: string): void {
      const operators = [{ kind: 'group', name: 'ops', id: 500, roles: [name] }] as const;
      rules = { ...rules, access: { roles: BUILT_IN_ROLES, operators } };
    },
    leaveGroup(): void {
      gids.clear();
      nowMs += 31_000;
    },
  };
}

test('whoever may not read a log by new rules is told so, and nothing is followed for them', async () => {
  const host = aHostWithReaders();
  using alice = await host.follow(null, 1_000);
  assert.equal(host.followers(), 1);
  assert.deepEqual(await alice.judgeAgain(), [], 'the rules are as before');
  host.setRole('viewer');
  assert.deepEqual(await alice.judgeAgain(), [], 'she is of the group that the new rules name');
  host.setRole('none');
  assert.deepEqual(await alice.judgeAgain(), ['u1000 may not read logs']);
  assert.equal(host.followers(), 0);
  assert.equal((await alice.judgeAgain()).length, 1, 'it is told once');
});

test('of which groups a reader is, is asked again, and root reads on', async () => {
  const host = aHostWithReaders();
  host.setRole('viewer');
  using alice = await host.follow('web', 1_000);
  using root = await host.follow('web', 0);
  host.leaveGroup();
  assert.deepEqual(await alice.judgeAgain(), ['u1000 may not read logs']);
  assert.deepEqual(await root.judgeAgain(), []);
});
