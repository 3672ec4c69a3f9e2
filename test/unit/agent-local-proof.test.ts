import assert from 'node:assert/strict';
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createCallers } from '../../agent/local/callers.ts';
import { openProofs } from '../../agent/local/proof.ts';
import { fakeLog } from '../fakes/agent-log.ts';

const root = mkdtempSync(join(tmpdir(), 'fleet-proof-'));
after(() => rmSync(root, { recursive: true }));
const ownUid = process.getuid?.() ?? -1;
const NOBODY_UID = 65_534;
const asRoot = { skip: ownUid === 0 ? false : 'only root can give files away' };

/** Who may connect to the socket beside it. */
const socketOf = (mode: number, uid = ownUid) => ({ mode, uid, gid: process.getgid?.() ?? -1 });
const socket = socketOf(0o700);

function openPlace({ log = fakeLog(), nowMs = () => Date.now() } = {}) {
  const directory = join(mkdtempSync(join(root, 'p')), 'agent.sock.who');
  const proofs = openProofs({ directory, socket, nowMs, log });
  const offered = (): string => proofs.offer() ?? assert.fail('no place was offered');
  const refusedBecause = async (path: string): Promise<string> => {
    const answer = await proofs.check(path);
    assert.ok(typeof answer !== 'number', `uid ${answer}`);
    assert.equal(answer.code, 'unauthenticated');
    return answer.cause ?? '';
  };
  return { directory, proofs, log, offered, refusedBecause };
}

const makeOwn = (path: string): void => mkdirSync(path, { mode: 0o700 });

test('whoever makes the directory is who they are, and nothing of it stays', async () => {
  const { directory, proofs, offered } = openPlace();
  const path = offered();
  makeOwn(path);
  assert.equal(await proofs.check(path), ownUid);
  assert.deepEqual(readdirSync(directory), []);
  proofs[Symbol.dispose]();
  assert.equal(existsSync(directory), false);
});

test('a directory of somebody else names that one', asRoot, async () => {
  const { proofs, offered } = openPlace();
  const path = offered();
  makeOwn(path);
  chownSync(path, NOBODY_UID, NOBODY_UID);
  assert.equal(await proofs.check(path), NOBODY_UID);
});

test('who may connect may make an entry, nobody else may, and nobody sees those of others', () => {
  for (const [facts, mode] of [
    [socketOf(0o700), 0o1700],
    [socketOf(0o760), 0o1730],
    [socketOf(0o766), 0o1733],
    [socketOf(0o702), 0o1703],
    // Another's: as owner of the place he could move what others made, so he comes in as anybody.
    [socketOf(0o700, ownUid + 1), 0o1733],
  ] as const) {
    const directory = join(mkdtempSync(join(root, 'p')), 'agent.sock.who');
    openProofs({ directory, socket: facts, nowMs: () => Date.now(), log: fakeLog() });
    assert.equal(lstatSync(directory).mode & 0o7777, mode);
  }
});

test("the place has the socket's group", asRoot, () => {
  const directory = join(mkdtempSync(join(root, 'p')), 'agent.sock.who');
  const facts = { ...socketOf(0o770), gid: NOBODY_UID };
  openProofs({ directory, socket: facts, nowMs: () => Date.now(), log: fakeLog() });
  assert.equal(lstatSync(directory).gid, NOBODY_UID);
  assert.equal(lstatSync(directory).uid, ownUid);
});

test('a path is good once', async () => {
  const { proofs, offered, refusedBecause } = openPlace();
  const path = offered();
  makeOwn(path);
  await proofs.check(path);
  makeOwn(path);
  assert.match(await refusedBecause(path), /was used before/);
});

test('a path that was never offered proves nothing, wherever it is', async () => {
  const { directory, refusedBecause } = openPlace();
  makeOwn(join(directory, 'mine'));
  for (const path of [join(directory, 'mine'), directory, '/', '/root', '']) {
    assert.match(await refusedBecause(path), /was not offered/);
  }
});

test('what is missing, a file, a link, or open to others proves nothing', async () => {
  const { offered, refusedBecause, directory } = openPlace();
  const cases: readonly (readonly [(path: string) => void, RegExp])[] = [
    [() => undefined, /nothing is there/],
    [(path) => writeFileSync(path, ''), /no directory/],
    [(path) => symlinkSync(root, path), /no directory/],
    [(path) => mkdirSync(path, { mode: 0o755 }), /open to others/],
  ];
  for (const [plant, why] of cases) {
    const path = offered();
    plant(path);
    assert.match(await refusedBecause(path), why);
  }
  assert.deepEqual(readdirSync(directory), []);
});

test('a directory that is older than the question proves nothing', async () => {
  const { offered, refusedBecause } = openPlace({ nowMs: () => Date.now() + 10_000 });
  const path = offered();
  makeOwn(path);
  assert.match(await refusedBecause(path), /older than the question/);
});

test('an offer expires', async () => {
  let nowMs = Date.now();
  const { directory, proofs, offered, refusedBecause } = openPlace({ nowMs: () => nowMs });
  const [first, second] = [offered(), offered()];
  makeOwn(first);
  makeOwn(second);
  nowMs += 60_000;
  assert.match(await refusedBecause(first), /too long/);
  proofs.offer();
  assert.deepEqual(readdirSync(directory), []);
});

test('offers that nobody takes up are bounded: the oldest goes', async () => {
  const { proofs, offered, refusedBecause } = openPlace();
  const first = offered();
  makeOwn(first);
  const later = Array.from({ length: 300 }, () => offered());
  assert.match(await refusedBecause(first), /was not offered/);
  const last = later.at(-1) ?? '';
  makeOwn(last);
  assert.equal(await proofs.check(last), ownUid);
});

test('what an earlier agent left in the place is removed', () => {
  const directory = join(mkdtempSync(join(root, 'p')), 'agent.sock.who');
  mkdirSync(join(directory, 'left'), { recursive: true });
  writeFileSync(join(directory, 'planted'), '');
  openProofs({ directory, socket, nowMs: () => Date.now(), log: fakeLog() });
  assert.deepEqual(readdirSync(directory), []);
});

test('where the place is a link or no directory, none is offered and that is told', () => {
  for (const plant of [
    (path: string) => symlinkSync(root, path),
    (path: string) => writeFileSync(path, ''),
  ]) {
    const directory = join(mkdtempSync(join(root, 'p')), 'agent.sock.who');
    plant(directory);
    const log = fakeLog();
    assert.equal(openProofs({ directory, socket, nowMs: () => Date.now(), log }).offer(), null);
    assert.match(log.lines.join('\n'), /cannot be told/);
  }
});

test("where the place is somebody else's, none is offered", asRoot, () => {
  const directory = join(mkdtempSync(join(root, 'p')), 'agent.sock.who');
  mkdirSync(directory);
  chownSync(directory, NOBODY_UID, NOBODY_UID);
  assert.equal(
    openProofs({ directory, socket, nowMs: () => Date.now(), log: fakeLog() }).offer(),
    null,
  );
  assert.equal(lstatSync(directory).mode & 0o7777, 0o755);
});

test('a caller is named by the account, by the number without one, and by what sudo claims', async () => {
  const names = new Map([[1_000, 'alice']]);
  const asked: number[] = [];
  const lookUp = (uid: number): Promise<string | null> => {
    asked.push(uid);
    return Promise.resolve(names.get(uid) ?? null);
  };
  const uidOf = (path: string): Promise<number> => Promise.resolve(Number(path));
  const callers = createCallers(
    { offer: () => null, check: uidOf, [Symbol.dispose]: () => undefined },
    {
      nameOf: lookUp,
      groupsOf: () => assert.fail('nobody asked for groups'),
      areGroupsWanted: () => false,
      nowMs: () => 0,
    },
  );
  const nameOf = async (proofPath: string | null, sudoUser: string | null) => {
    const caller = await callers.identify({ proofPath, sudoUser });
    return 'code' in caller ? caller.code : caller.name;
  };
  assert.equal(await nameOf('1000', null), 'alice');
  assert.equal(await nameOf('1000', 'bob'), 'alice (sudo by bob)');
  assert.equal(await nameOf('1001', null), '1001');
  names.set(1_001, 'bob');
  assert.equal(await nameOf('1001', null), 'bob', 'whom nobody could tell is asked for again');
  assert.equal(await nameOf(null, null), 'unknown');
  assert.equal(await nameOf('1000', 'b\u001b[2J\nb'), 'alice (sudo by b\\u{1b}[2J\\u{a}b)');
  assert.deepEqual(asked, [1_000, 1_001, 1_001]);
});

test('groups are asked for where they count, once in a while, and never of root', async () => {
  let nowMs = 0;
  let areGroupsWanted = true;
  let gids: readonly number[] | null = [100, 500];
  const asked: string[] = [];
  const callers = createCallers(
    {
      offer: () => null,
      check: (path) => Promise.resolve(Number(path)),
      [Symbol.dispose]: () => undefined,
    },
    {
      nameOf: (uid) => Promise.resolve(uid === 1_001 ? null : `u${uid}`),
      groupsOf: (name) => {
        asked.push(name);
        return Promise.resolve(gids);
      },
      areGroupsWanted: () => areGroupsWanted,
      nowMs: () => nowMs,
    },
  );
  const groupsOf = async (uid: number) => {
    const caller = await callers.identify({ proofPath: String(uid), sudoUser: null });
    return 'code' in caller ? caller.code : caller.gids;
  };
  assert.deepEqual(await groupsOf(1_000), [100, 500]);
  gids = [100];
  nowMs = 29_000;
  assert.deepEqual(await groupsOf(1_000), [100, 500]);
  nowMs = 31_000;
  assert.deepEqual(await groupsOf(1_000), [100]);
  assert.deepEqual(asked, ['u1000', 'u1000']);
  gids = null;
  assert.equal(await groupsOf(1_002), 'unavailable', 'a group may be what denies');
  gids = [7];
  assert.deepEqual(await groupsOf(1_002), [7], 'and it is asked again');
  assert.deepEqual(await groupsOf(0), []);
  assert.deepEqual(await groupsOf(1_001), [], 'of a number that is no account');
  areGroupsWanted = false;
  assert.deepEqual(await groupsOf(1_003), []);
  assert.deepEqual(asked, ['u1000', 'u1000', 'u1002', 'u1002']);
  areGroupsWanted = true;
  nowMs = -86_400_000;
  assert.deepEqual(await groupsOf(1_000), [7], 'the clock was set back');
});

test('a uid that was given to somebody else is theirs within half a minute, with their groups', async () => {
  let nowMs = 0;
  let account = 'alice';
  const callers = createCallers(
    {
      offer: () => null,
      check: (path) => Promise.resolve(Number(path)),
      [Symbol.dispose]: () => undefined,
    },
    {
      nameOf: () => Promise.resolve(account),
      groupsOf: (name) => Promise.resolve(name === 'alice' ? [500] : [100]),
      areGroupsWanted: () => true,
      nowMs: () => nowMs,
    },
  );
  const identify = () => callers.identify({ proofPath: '1000', sudoUser: null });
  assert.deepEqual(await identify(), { name: 'alice', uid: 1_000, gids: [500] });
  account = 'bob';
  nowMs = 30_000;
  assert.deepEqual(await identify(), { name: 'bob', uid: 1_000, gids: [100] });
  account = 'carol';
  nowMs = -86_400_000;
  assert.deepEqual(await identify(), { name: 'carol', uid: 1_000, gids: [100] });
});
