/**
 * What several users of one host may do through its agent's socket, with the real agent: each proves
 * who they are by a directory, and the file says what follows from that.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { after, before, test } from 'node:test';
import { decodeLocalListing, encodeListRequest } from '../../proto/codec/local.ts';
import { FleetError, type Refusal } from '../../proto/errors.ts';
import type { CallerClaims, LocalListing, LocalOrder } from '../../proto/local-orders.ts';
import { knownProcessName, operationId } from '../../proto/vocabulary.ts';
import type { Daemon } from './fleet/daemon.ts';
import { eventually } from './fleet/wait.ts';
import { call, dial, give, greet, type Host, makeHost, readLog } from './local/host.ts';

const isRoot = process.getuid?.() === 0;
const asRoot = { skip: isRoot ? false : 'only root can be somebody else' };

/** Accounts of every Debian; nothing of theirs is touched. */
const USERS = { nobody: 65_534, daemon: 1, bin: 2 } as const;
type User = keyof typeof USERS;

const RULES = `[operator:nobody]
roles = web
[operator:%daemon]
roles = viewer
[role:web]
allow = status, logs, restart, stop, start, update
processes = web
`;
const PROGRAMS = `[program:web]
command = sh -c "echo hello; exec sleep 1000"
startsecs = 0
[program:db]
command = sleep 1000
startsecs = 0
`;

let host: Host;
let agent: Daemon;
let orders = 0;

before(async () => {
  host = makeHost({ agent: 'socket_mode = 0777', rest: `${isRoot ? RULES : OWN}${PROGRAMS}` });
  agent = await host.start();
  await eventually('both run', async () => {
    const { processes } = await seenBy(null);
    return processes.length === 2 && processes.every(({ state }) => state === 'RUNNING');
  });
});

/** An ordinary user can name themselves; that they are the agent's own user counts for more. */
const OWN = `[operator:${userInfo().username}]\nroles = viewer\n`;

after(() => host?.[Symbol.dispose]());

/** @param user null: whoever runs this test, who is the agent's own user */
async function prove(user: User | null): Promise<CallerClaims> {
  const { proofPath } = await greet(host.socket);
  assert.ok(proofPath);
  const as = user === null ? {} : { uid: USERS[user], gid: USERS[user] };
  const made = spawnSync('mkdir', ['-m', '700', proofPath], as);
  assert.equal(made.status, 0, String(made.stderr));
  return { proofPath, sudoUser: null };
}

async function listing(claims: CallerClaims): Promise<LocalListing> {
  const client = dial(host.socket);
  try {
    const answer = await call(client, 'ListLocalProcesses', encodeListRequest(claims));
    return decodeLocalListing(answer as never);
  } finally {
    client.close();
  }
}

const seenBy = async (user: User | null): Promise<LocalListing> => listing(await prove(user));

function nextId() {
  orders += 1;
  return operationId(`018f0000-0000-7000-8000-${String(orders).padStart(12, '0')}`);
}

const update = (): LocalOrder => ({ kind: 'update', operationId: nextId(), groups: [] });

function control(verb: 'stop' | 'start' | 'restart', ...names: readonly string[]): LocalOrder {
  return { kind: 'control', operationId: nextId(), verb, signal: null, names };
}

/** Why an order is refused, whether with the call or with what is told of it; null: it is not. */
async function refused(order: LocalOrder, claims: CallerClaims): Promise<Refusal | null> {
  try {
    const news = await give(host.socket, order, claims);
    return news.find((one) => one.kind === 'refused')?.refusal ?? null;
  } catch (error) {
    if (error instanceof FleetError) return error.refusal;
    throw error;
  }
}

const refusedTo = async (user: User | null, order: LocalOrder) => refused(order, await prove(user));

async function logOf(process: string | null, claims: CallerClaims): Promise<string> {
  const name = process === null ? null : knownProcessName(process);
  const request = { process: name, channel: 'stdout', bytes: 100, follow: false } as const;
  try {
    return await readLog(host.socket, request, claims);
  } catch (error) {
    return FleetError.refusalFrom(error).message;
  }
}

const UNPROVEN: CallerClaims = { proofPath: null, sudoUser: 'root' };

test('who does not prove who they are may do nothing, whatever they claim', async () => {
  assert.equal((await refused(control('stop', 'web'), UNPROVEN))?.code, 'unauthenticated');
  await assert.rejects(listing(UNPROVEN), /who asks could not be told/);
  assert.match(await logOf('web', UNPROVEN), /who asks could not be told/);
  assert.match(await logOf(null, UNPROVEN), /who asks could not be told/);
});

test("the agent's own user may do everything, and sees everything", async () => {
  assert.equal(await refusedTo(null, control('restart', 'web', 'db')), null);
  assert.equal((await seenBy(null)).withheld, 0);
  assert.match(await logOf(null, await prove(null)), /\S/);
});

test('a user may do what their role says, to those processes only', asRoot, async () => {
  assert.equal(await refusedTo('nobody', control('restart', 'web')), null);
  const denied = await refusedTo('nobody', control('restart', 'web', 'db'));
  assert.equal(denied?.code, 'denied');
  assert.equal(denied?.message, 'nobody may not restart db');
  assert.equal(denied?.cause, 'role "web" allows restart only with processes = web: db');
  const { processes, withheld } = await seenBy('nobody');
  assert.deepEqual([processes.map(({ process }) => process), withheld], [['web'], 1]);
  assert.match(await logOf('web', await prove('nobody')), /hello/);
  assert.match(await logOf('db', await prove('nobody')), /nobody may not read the logs of db/);
  assert.match(
    await logOf(null, await prove('nobody')),
    /nobody may not read the logs of everything/,
  );
  assert.equal((await refusedTo('nobody', { kind: 'shutdown' }))?.code, 'denied');
  const told = () =>
    agent.log().filter(({ msg }) => msg.startsWith('refused on this host to nobody: '));
  await eventually('both refusals are logged', () => told().length >= 2);
  assert.equal(told().length, 2);
});

test('members of a unix group have its roles', asRoot, async () => {
  assert.equal((await seenBy('daemon')).processes.length, 2);
  assert.equal(
    (await refusedTo('daemon', control('stop', 'web')))?.cause,
    'none of the roles of daemon (viewer) allows stop',
  );
});

test('who is not named may do nothing', asRoot, async () => {
  assert.equal(
    (await refusedTo('bin', control('stop', 'web')))?.cause,
    'bin has no role on this host',
  );
  await assert.rejects(seenBy('bin'), /bin may not see how things stand/);
});

test(
  'an update takes up the roles of the file, and a bad file leaves those that are',
  asRoot,
  async () => {
    const before = readFileSync(host.config, 'utf8');
    writeFileSync(host.config, before.replace('roles = viewer', 'roles = viewr'));
    assert.equal((await refusedTo(null, update()))?.code, 'configuration');
    assert.equal((await seenBy('daemon')).processes.length, 2);
    writeFileSync(host.config, before.replace('roles = viewer', 'roles = operator'));
    // Somebody who may take up little has the file read as well: nothing of it is theirs to choose.
    assert.equal(await refusedTo('nobody', update()), null);
    assert.equal(await refusedTo('daemon', control('restart', 'db')), null);
    writeFileSync(host.config, before.replace('command = sleep 1000', 'command = sleep 2000'));
    assert.equal((await refusedTo('nobody', update()))?.message, 'nobody may not update db');
    assert.equal((await refusedTo('daemon', control('restart', 'db')))?.code, 'denied');
  },
);

test('who follows a log is shown the door when the right to it has gone', asRoot, async () => {
  const before = readFileSync(host.config, 'utf8');
  const claims = await prove('daemon');
  const request = { process: knownProcessName('web'), channel: 'stdout', bytes: 100 } as const;
  let ended: Promise<Refusal | null> | undefined;
  await new Promise<void>((letIn) => {
    const reading = readLog(host.socket, { ...request, follow: true }, claims, letIn);
    ended = reading.then(
      () => null,
      (error: unknown) => FleetError.refusalFrom(error),
    );
  });
  writeFileSync(host.config, before.replace('[operator:%daemon]', '[operator:%bin]'));
  assert.equal(await refusedTo(null, update()), null);
  const because = await ended;
  assert.deepEqual([because?.code, because?.message], ['denied', 'daemon may not read logs']);
  writeFileSync(host.config, before);
  assert.equal(await refusedTo(null, update()), null);
});

test(
  'after a start that finds the file unusable, the rules that were taken up last count',
  asRoot,
  async () => {
    const good = readFileSync(host.config, 'utf8');
    writeFileSync(host.config, good.replace('startsecs = 0', 'startsecs = ten'));
    await agent.end('SIGALRM');
    agent = await host.start();
    assert.equal((await refusedTo('daemon', control('restart', 'db')))?.code, 'denied');
    assert.equal((await seenBy('daemon')).processes.length, 2);
    assert.equal((await refusedTo('bin', control('stop', 'web')))?.code, 'denied');
  },
);
