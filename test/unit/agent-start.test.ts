import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openJournal } from '../../agent/adapters/journal/journal.ts';
import type { AgentConfigResult, AgentSettings } from '../../agent/config/load.ts';
import type { ProcessUser } from '../../agent/core/definition.ts';
import { type HostRules, NO_RULES } from '../../agent/core/host-rules.ts';
import { becomeUser, type Privileges } from '../../agent/start/become-user.ts';
import {
  configSource,
  type Earlier,
  lastAccepted,
  textToKeep,
} from '../../agent/start/configuration.ts';
import { keepConfig } from '../../agent/start/make-ready.ts';
import { writePidFile } from '../../agent/start/pid-file.ts';
import { BUILT_IN_ROLES } from '../../proto/authority.ts';
import { FleetError } from '../../proto/errors.ts';
import { DEFAULT_SOCKET } from '../../proto/local-socket.ts';
import { fakeLog } from '../fakes/agent-log.ts';

const root = mkdtempSync(join(tmpdir(), 'fleet-start-'));
after(() => rmSync(root, { recursive: true }));
const asRoot = { skip: process.geteuid?.() === 0 ? false : 'only root can give files away' };
const inNewDirectory = (name: string): string => join(mkdtempSync(join(root, 'd')), name);

// ── the pid file ────────────────────────────────────────────────────────────────────────────────

test('a pid file holds the pid, also where an older one was, and goes with the agent', () => {
  const path = inNewDirectory('agent.pid');
  for (const before of [null, '', '123456789\n']) {
    if (before !== null) writeFileSync(path, before);
    const file = writePidFile(path, 42, fakeLog());
    assert.equal(readFileSync(path, 'utf8'), '42\n');
    file[Symbol.dispose]();
    assert.equal(existsSync(path), false);
  }
});

test('what is no pid file is neither written over nor removed', () => {
  const precious = inNewDirectory('precious');
  writeFileSync(precious, '17\n');
  const text = inNewDirectory('text');
  writeFileSync(text, 'do not lose me');
  const symbolic = inNewDirectory('symbolic');
  symlinkSync(precious, symbolic);
  const hard = inNewDirectory('hard');
  linkSync(precious, hard);
  for (const path of [text, symbolic, hard, root]) {
    const log = fakeLog();
    writePidFile(path, 42, log)[Symbol.dispose]();
    assert.deepEqual(log.lines, ['error: the pid file could not be written'], path);
    assert.ok(existsSync(path));
  }
  assert.equal(readFileSync(precious, 'utf8'), '17\n');
  assert.equal(readFileSync(text, 'utf8'), 'do not lose me');
});

test(
  "in somebody else's file, or by way of a link that they made, no pid is written",
  asRoot,
  () => {
    const theirs = inNewDirectory('agent.pid');
    writeFileSync(theirs, '');
    chownSync(theirs, 65_534, 65_534);
    const shared = mkdtempSync(join(root, 'd'));
    chmodSync(shared, 0o777);
    mkdirSync(join(root, 'elsewhere'));
    symlinkSync(join(root, 'elsewhere'), join(shared, 'link'));
    for (const path of [theirs, join(shared, 'link', 'agent.pid')]) {
      const log = fakeLog();
      writePidFile(path, 42, log)[Symbol.dispose]();
      assert.deepEqual(log.lines, ['error: the pid file could not be written'], path);
    }
    assert.equal(readFileSync(theirs, 'utf8'), '');
    assert.deepEqual(readdirSync(join(root, 'elsewhere')), []);
  },
);

test('the pid file of a successor stays', () => {
  const path = inNewDirectory('agent.pid');
  const first = writePidFile(path, 42, fakeLog());
  renameSync(path, `${path}.moved`);
  writePidFile(path, 43, fakeLog());
  first[Symbol.dispose]();
  assert.equal(readFileSync(path, 'utf8'), '43\n');
});

// ── another user ────────────────────────────────────────────────────────────────────────────────

const alice = { name: 'alice', uid: 1_000, gid: 100 };

function privilegesOf(overrides: Partial<Privileges> = {}) {
  const calls: string[] = [];
  let uid = 0;
  const privileges: Privileges = {
    initgroups: (name, gid) => void calls.push(`initgroups ${name} ${gid}`),
    setgid: (gid) => void calls.push(`setgid ${gid}`),
    setuid: (wanted) => {
      calls.push(`setuid ${wanted}`);
      if (uid !== 0) throw new Error('EPERM, Operation not permitted');
      uid = wanted;
    },
    getuid: () => uid,
    ...overrides,
  };
  return { calls, privileges };
}

test('groups are given up before the group, and the user last', () => {
  const { calls, privileges } = privilegesOf();
  becomeUser(alice, privileges);
  assert.deepEqual(calls, ['initgroups alice 100', 'setgid 100', 'setuid 1000', 'setuid 0']);
});

test('an agent that may not, or only seems to, become the user does not start', () => {
  const refuse = (): never => {
    throw new Error('EPERM, Operation not permitted');
  };
  for (const overrides of [
    { initgroups: refuse },
    { setgid: refuse },
    { setuid: refuse },
    { getuid: () => 0 },
    { setuid: () => undefined, getuid: () => 1_000 },
  ]) {
    assert.throws(
      () => becomeUser(alice, privilegesOf(overrides).privileges),
      (error) => error instanceof FleetError && error.refusal.code === 'configuration',
    );
  }
});

// ── which configuration ─────────────────────────────────────────────────────────────────────────

const earlier = (stateDir: string): Earlier => ({
  stateDir,
  findUser: (uid) => (uid === String(alice.uid) ? alice : null),
});

const wrong: AgentConfigResult = {
  config: null,
  problems: [
    { file: 'a.conf', line: 3, section: 'program:a', key: 'command', message: 'no', hint: null },
  ],
  warnings: [],
  notices: [],
};

test('where no agent ran before, a wrong configuration has no earlier one', () => {
  assert.equal(lastAccepted(wrong, '/etc/a.conf', earlier(root)), null);
  const notADatabase = join(mkdtempSync(join(root, 'd')), 'journal.db');
  writeFileSync(notADatabase, 'garbage that is longer than a page header of SQLite would be');
  assert.equal(lastAccepted(wrong, '/etc/a.conf', earlier(join(notADatabase, '..'))), null);
});

/** What an agent that went by `/etc/a.conf` left; it was to go on as `runAs`. */
function stateOf(uid: number, runAs: ProcessUser | null, mode = 0o700): string {
  const directory = mkdtempSync(join(root, 'state-'));
  const socket = { path: '/etc/new.d/s', isDefault: true, mode: 0o700, owner: null };
  const journal = openJournal(join(directory, 'journal.db'), 'boot');
  journal.keepSettings(textToKeep('/etc/a.conf', { runAs, socket } as AgentSettings));
  journal[Symbol.dispose]();
  for (const path of [...readdirSync(directory).map((name) => join(directory, name)), directory]) {
    chownSync(path, uid, process.getgid?.() ?? -1);
  }
  chmodSync(directory, mode);
  return directory;
}

const ownUid = process.geteuid?.() ?? -1;
const acceptedIn = (stateDir: string) =>
  lastAccepted(wrong, '/etc/a.conf', earlier(stateDir))?.agent;

test('what the agent itself wrote down counts as it is', () => {
  const agent = acceptedIn(stateOf(ownUid, alice));
  assert.deepEqual(agent?.runAs, alice);
  assert.equal(agent?.socket.path, '/etc/new.d/s');
});

test('what a user could have written lets root go on as that user only', asRoot, () => {
  const forged = { ...alice, gid: 0, name: 'root' };
  const agent = acceptedIn(stateOf(alice.uid, forged));
  assert.deepEqual(agent?.runAs, alice, 'as the host knows them');
  assert.equal(agent?.socket.path, DEFAULT_SOCKET, 'root makes no other directory for them');
  assert.equal(acceptedIn(stateOf(alice.uid, null)), undefined, 'not as root');
  const bob = { ...alice, uid: 1_001 };
  assert.equal(acceptedIn(stateOf(bob.uid, alice)), undefined, 'not as another');
  assert.equal(acceptedIn(stateOf(bob.uid, bob)), undefined, 'whom this host does not know');
  assert.equal(acceptedIn(stateOf(alice.uid, alice, 0o770)), undefined, 'nor where more may write');
  assert.equal(acceptedIn(stateOf(0, null, 0o777)), undefined);
});

test('a configuration that cannot be kept, as on a full disk, is told and no more', () => {
  const log = fakeLog();
  const journal = {
    keepSettings: (): never => {
      throw new Error('database or disk is full');
    },
  };
  const agent = {} as AgentSettings;
  keepConfig({ agent, reading: { kind: 'rejected', problem: 'p' } }, '/a', { journal, log });
  assert.deepEqual(log.lines, []);
  keepConfig({ agent, reading: { kind: 'read', definitions: [] } }, '/a', { journal, log });
  assert.deepEqual(log.lines, ['error: the configuration could not be kept']);
});

test('a reading is what the file says now, with everything that is wrong with it', () => {
  const agent = { stateDir: '/s', rules: NO_RULES } as AgentSettings;
  const log = fakeLog();
  let loaded: AgentConfigResult = wrong;
  const source = configSource(() => loaded, agent, { keep: () => undefined, log });
  const rejected = source.read();
  assert.ok(rejected.kind === 'rejected');
  assert.match(rejected.problem, /a\.conf:3: \[program:a\] command: no/);
  loaded = { config: { agent, processes: [] }, problems: [], warnings: [], notices: [] };
  assert.deepEqual(source.read(), { kind: 'read', definitions: [], rules: NO_RULES });
  assert.deepEqual(log.lines, []);
});

test('changes of the agent itself that wait, and warnings, are told', () => {
  const agent = { stateDir: '/s', rules: NO_RULES } as AgentSettings;
  const log = fakeLog();
  const config = { agent: { ...agent, stateDir: '/t' }, processes: [] };
  const source = configSource(
    () => ({ config, problems: [], warnings: wrong.problems, notices: [] }),
    agent,
    { keep: () => undefined, log },
  );
  source.read();
  source.read();
  assert.equal(log.lines.filter((line) => line.includes('has warnings')).length, 1);
  assert.ok(log.lines.some((line) => line.includes('when it is started again')));
});

test('who may do what survives in what is kept, and what an older agent kept had no rules', () => {
  const rules: HostRules = {
    ownUid,
    policy: { ...NO_RULES.policy, verbs: [], directories: ['/opt'] },
    access: {
      roles: [...BUILT_IN_ROLES],
      operators: [{ kind: 'group', name: 'ops', id: 500, roles: ['viewer'] }],
    },
  };
  const keptAs = (change: (text: string) => string) => {
    const directory = mkdtempSync(join(root, 'kept-'));
    const socket = { path: '/s', isDefault: false, mode: 0o700, owner: null };
    const labels = { set: 'blue' };
    const agent = { runAs: null, socket, labels, rules } as unknown as AgentSettings;
    const journal = openJournal(join(directory, 'journal.db'), 'boot');
    journal.keepSettings(change(textToKeep('/etc/a.conf', agent)));
    journal[Symbol.dispose]();
    chmodSync(directory, 0o700);
    return acceptedIn(directory);
  };
  const kept = keptAs((text) => text);
  assert.deepEqual(kept?.rules, rules);
  assert.deepEqual(kept?.labels, { set: 'blue' });
  const older = keptAs((text) =>
    text.replace('"format":2', '"format":1').replace(/,"rules":.*$/, '}}'),
  );
  assert.deepEqual(older?.rules, { ...NO_RULES, ownUid });
  assert.equal(
    keptAs((text) => text.replace('"format":2', '"format":99')),
    undefined,
  );
});

test('rules that were taken up are kept at once, told, and are no change that waits', () => {
  const agent = { stateDir: '/s', rules: NO_RULES } as AgentSettings;
  const log = fakeLog();
  const kept: AgentSettings[] = [];
  const next: HostRules = { ...NO_RULES, policy: { ...NO_RULES.policy, verbs: ['stop'] } };
  const config = { agent: { ...agent, rules: next }, processes: [] };
  const source = configSource(() => ({ config, problems: [], warnings: [], notices: [] }), agent, {
    keep: (settings) => void kept.push(settings),
    log,
  });
  source.read();
  assert.deepEqual(log.lines, []);
  source.keepRules(NO_RULES);
  assert.deepEqual(kept, []);
  source.keepRules(next);
  source.keepRules(next);
  assert.deepEqual(kept, [{ stateDir: '/s', rules: next }]);
  assert.equal(log.lines.length, 1);
  assert.match(log.lines[0] ?? '', /who may do what has changed/);
});
