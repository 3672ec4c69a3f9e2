/**
 * The agent's own socket with the real agent behind it: who may open it and who is named, what
 * becomes of it when agents end, start and meet, and what hostile callers cannot do.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { FleetError } from '../../proto/errors.ts';
import type { LocalOrder } from '../../proto/local-orders.ts';
import { knownProcessName, operationId } from '../../proto/vocabulary.ts';
import type { Daemon } from './fleet/daemon.ts';
import { freePort } from './fleet/free-port.ts';
import { createPki, readCredentials } from './fleet/pki.ts';
import { isAlive, statusField } from './fleet/processes.ts';
import { startScriptedController } from './fleet/scripted-controller.ts';
import { eventually } from './fleet/wait.ts';
import {
  call,
  dial,
  give,
  greet,
  type Host,
  list,
  makeHost,
  proveOneself,
  readLog,
  startAgent,
  stream,
} from './local/host.ts';

const isRoot = process.getuid?.() === 0;
const asRoot = { skip: isRoot ? false : 'only root can be somebody else' };
const NOBODY = 65_534;

const PROGRAMS = `
[program:steady]
command = sleep 1000
startsecs = 0
[program:chatty]
command = /bin/sh -c "while :; do head -c 100000 /dev/zero | tr '\\\\0' x; sleep 0.01; done"
autostart = false
startsecs = 0
[program:quiet]
command = sleep 1000
autostart = false
startsecs = 0
stdout_logfile = NONE
`;

let host: Host;
let agent: Daemon;
let orders = 0;

before(async () => {
  host = makeHost({
    agent: `socket_mode = 0770${isRoot ? '\nsocket_owner = nobody' : ''}`,
    rest: PROGRAMS,
  });
  agent = await host.start();
  await host.running('steady');
});

after(() => host?.[Symbol.dispose]());

function order(verb: 'start' | 'stop' | 'restart', ...names: readonly string[]): LocalOrder {
  orders += 1;
  const id = operationId(`018f0000-0000-7000-8000-${String(orders).padStart(12, '0')}`);
  return { kind: 'control', operationId: id, verb, signal: null, names };
}

/** Under which name the agent wrote the last local order down. */
function lastNamed(): unknown {
  return agent.log().findLast(({ msg }) => msg.startsWith('ordered on this host'))?.['requestedBy'];
}

async function refusalOf(asked: Promise<unknown>) {
  try {
    await asked;
  } catch (error) {
    if (error instanceof FleetError) return error.refusal;
    throw error;
  }
  return assert.fail('it was not refused');
}

test('the socket has the mode and owner that are configured, and nothing else is left there', () => {
  const found = lstatSync(host.socket);
  assert.equal(found.mode & 0o7777, 0o770);
  if (isRoot) assert.equal(found.uid, NOBODY);
  assert.deepEqual(
    readdirSync(host.folder).filter((name) => name.startsWith('.')),
    [],
  );
  assert.equal(lstatSync(`${host.socket}.who`).mode & 0o7777, isRoot ? 0o1733 : 0o1730);
});

test('whoever made the directory is named, and what sudo says is shown as a claim', async () => {
  const proofPath = await proveOneself(host.socket);
  await give(host.socket, order('stop', 'steady'), { proofPath, sudoUser: 'alice' });
  assert.equal(lastNamed(), `${userInfo().username} (sudo by alice)`);
  assert.equal(existsSync(proofPath), false);
  await give(host.socket, order('start', 'steady'));
  assert.equal(lastNamed(), 'unknown');
});

test('another user is named by the directory that is theirs', asRoot, async () => {
  const { proofPath } = await greet(host.socket);
  assert.ok(proofPath);
  const made = spawnSync('mkdir', ['-m', '700', proofPath], { uid: NOBODY, gid: NOBODY });
  assert.equal(made.status, 0, String(made.stderr));
  await give(host.socket, order('restart', 'steady'), { proofPath, sudoUser: null });
  assert.equal(lastNamed(), 'nobody');
});

test(
  'a file system of their own that somebody puts there names nobody',
  asRoot,
  async (context) => {
    const { proofPath } = await greet(host.socket);
    assert.ok(proofPath);
    mkdirSync(proofPath, { mode: 0o700 });
    const mounted = spawnSync('mount', [
      '-t',
      'tmpfs',
      '-o',
      'mode=700,uid=65534',
      'none',
      proofPath,
    ]);
    if (mounted.status !== 0) return context.skip('nothing can be mounted here');
    try {
      const claims = { proofPath, sudoUser: null };
      const refused = await refusalOf(give(host.socket, order('stop', 'steady'), claims));
      assert.equal(refused.cause, 'it is on another file system');
    } finally {
      spawnSync('umount', [proofPath]);
    }
  },
);

test('who shows a proof that is none is refused, and nothing happens', async () => {
  const before = await host.running('steady');
  const { proofPath } = await greet(host.socket);
  for (const shown of [proofPath, '/', `${host.socket}.who/mine`]) {
    const claims = { proofPath: shown, sudoUser: null };
    const { code } = await refusalOf(give(host.socket, order('stop', 'steady'), claims));
    assert.equal(code, 'unauthenticated');
  }
  assert.equal(await host.running('steady'), before);
});

test('who lists, and what they see, is in the order of supervisorctl', async () => {
  const { processes, configProblem } = await list(host.socket);
  assert.deepEqual(
    processes.map(({ process }) => process),
    ['chatty', 'quiet', 'steady'],
  );
  assert.equal(configProblem, null);
});

test('logs that are not there are told from processes that are not', async () => {
  const reading = { channel: 'stdout', bytes: 100, follow: false } as const;
  const quiet = { ...reading, process: knownProcessName('quiet') };
  assert.equal((await refusalOf(readLog(host.socket, quiet))).message, 'no log file');
  const nothing = { ...reading, process: knownProcessName('nothing') };
  assert.equal((await refusalOf(readLog(host.socket, nothing))).message, 'no such process name');
  assert.match(await readLog(host.socket, { ...reading, process: null }), /steady/);
});

test('garbage, huge frames and too many connections leave the agent as it was', async () => {
  const connections: Socket[] = [];
  const open = (): Socket => {
    const connection = createConnection(host.socket);
    connection.on('error', () => undefined);
    connections.push(connection);
    return connection;
  };
  for (const bytes of [
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.alloc(1_000_000, 0xff),
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\x00\x00\x00\x00\x00\x00', 'latin1'),
  ]) {
    open().write(bytes);
  }
  const huge = { control: { operationId: 'x', verb: 'VERB_STOP', names: ['x'.repeat(5_000_000)] } };
  const client = dial(host.socket);
  const tooLarge = await refusalOf(
    (async () => {
      for await (const _ of stream(client, 'GiveOrder', huge)) assert.fail('it was answered');
    })().catch((error: { details?: string }) => {
      throw new FleetError({ code: 'usage', message: error.details ?? '', cause: null, fix: null });
    }),
  );
  assert.match(tooLarge.message, /larger than max/);
  client.close();
  for (let count = 0; count < 1_000; count += 1) open();
  await eventually('they are too many', () => agent.stderr().includes('too many connections'));
  for (const connection of connections) connection.destroy();
  const listing = await eventually('there is room again', () => list(host.socket));
  assert.equal(listing.processes.length, 3);
  assert.equal(agent.hasEnded(), false);
});

test('an order that no version knows is refused', async () => {
  const client = dial(host.socket);
  const refused = await refusalOf(call(client, 'ClearLogs', { names: [] }));
  assert.equal(refused.code, 'usage');
  client.close();
});

test('a reader who sleeps holds up neither the log nor the agent', async () => {
  const client = dial(host.socket);
  await give(host.socket, order('start', 'chatty'));
  const request = { process: 'chatty', channel: 'stdout', bytes: 0, follow: true };
  const following = stream(client, 'ReadLog', request);
  following.on('error', () => undefined);
  following.pause();
  const log = join(host.folder, 'state', 'log', 'chatty-stdout.log');
  await eventually('it has written much', () => lstatSync(log).size > 20_000_000, {
    withinMs: 40_000,
  });
  const rssKb = Number(statusField(agent.pid, 'VmRSS')?.split(' ')[0]);
  assert.ok(rssKb < 250_000, `${rssKb} KiB`);
  await give(host.socket, order('stop', 'chatty'));
  following.cancel();
  client.close();
});

test('who leaves in the middle of an order changes nothing', async () => {
  const client = dial(host.socket);
  const before = await host.running('steady');
  const told = stream(client, 'GiveOrder', {
    control: { operationId: 'left', verb: 'VERB_RESTART', names: ['steady'] },
  });
  told.on('error', () => undefined);
  await eventually('it is taken', () => agent.log().some(({ operationId: id }) => id === 'left'));
  told.cancel();
  client.close();
  await eventually('it is restarted', async () => (await host.running('steady')) !== before);
});

test('a second agent that is to have the same socket does not start, and takes nothing', async () => {
  const other = makeHost({ rest: '' });
  const state = join(other.folder, 'state');
  writeFileSync(other.config, `[agent]\nstate_dir = ${state}\nsocket = ${host.socket}\n`);
  const second = startAgent(other.folder, other.config);
  assert.equal((await second.ended()).code, 2);
  assert.match(second.stderr(), /another program is already listening on /);
  assert.equal((await greet(host.socket)).pid, agent.pid);
  other[Symbol.dispose]();
});

test('logs are read by many at once, and by no more, so that descriptors are left', async () => {
  const clients = Array.from({ length: 5 }, () => dial(host.socket));
  const request = { process: 'steady', channel: 'stdout', bytes: 0, follow: true };
  const streams = clients.flatMap((client) =>
    Array.from({ length: 30 }, () => stream(client, 'ReadLog', request)),
  );
  const refused: string[] = [];
  for (const one of streams) one.on('error', (error) => refused.push(error.message)).resume();
  await eventually('some are refused', () => refused.length === 150 - 128);
  for (const text of refused) assert.match(text, /too many logs are being read/);
  for (const client of clients) client.close();
  for (const one of streams) one.cancel();
  const again = {
    process: knownProcessName('steady'),
    channel: 'stdout',
    bytes: 10,
    follow: false,
  } as const;
  await eventually('there is room again', () =>
    readLog(host.socket, again).then(
      () => true,
      () => false,
    ),
  );
});

test('an agent that was killed is followed by one that takes socket and processes over', async () => {
  const pid = await host.running('steady');
  await agent.end('SIGKILL');
  assert.ok(lstatSync(host.socket).isSocket());
  agent = await host.start();
  assert.ok(agent.log().some(({ msg }) => msg.startsWith('replaced a socket')));
  assert.equal(await host.running('steady'), pid);
});

test('what was stopped by hand stays stopped, and what was started by hand comes up again', async () => {
  await give(host.socket, order('stop', 'steady'));
  await give(host.socket, order('start', 'quiet'));
  await agent.end('SIGKILL');
  agent = await host.start();
  assert.equal((await host.status('steady'))?.state, 'STOPPED');
  await agent.end('SIGTERM');
  agent = await host.start();
  await host.running('quiet');
  assert.equal((await host.status('steady'))?.state, 'STOPPED');
  await give(host.socket, order('start', 'steady'));
});

test('a configuration that is wrong at the start leaves the last one in force', async () => {
  const pid = await host.running('steady');
  await agent.end('SIGKILL');
  host.configure(`${PROGRAMS}\n[program:broken]\ncomand = x\n`);
  agent = await host.start();
  assert.equal(await host.running('steady'), pid);
  const { configProblem } = await list(host.socket);
  assert.match(configProblem ?? '', /program:broken/);
  assert.ok(agent.log().some(({ msg, level }) => level >= 50 && msg.startsWith('config rejected')));
  host.configure(PROGRAMS);
  agent.signal('SIGHUP');
  await eventually(
    'it is good again',
    async () => (await list(host.socket)).configProblem === null,
  );
  assert.equal(await host.running('steady'), pid);
});

test('orders are carried out while the controller is down, which learns of them when it is back', async () => {
  using other = makeHost({ rest: PROGRAMS });
  const port = await freePort();
  const pki = await createPki(join(other.folder, 'pki'), 'local');
  const { ca, cert, key } = await pki.issue({ kind: 'agent', name: 'web-1' });
  const link = `controllers = 127.0.0.1:${port}\nca = ${ca}\ncert = ${cert}\nkey = ${key}\n`;
  other.configure(`${link}${PROGRAMS}`);
  await other.start();
  await other.running('steady');
  const proofPath = await proveOneself(other.socket);
  const stop = order('stop', 'steady');
  await give(other.socket, stop, { proofPath, sudoUser: 'alice' });
  assert.equal((await other.status('steady'))?.state, 'STOPPED');
  const files = await pki.issue({ kind: 'controller', name: 'ops-1' });
  await using controller = await startScriptedController(
    readCredentials(files, 'controller'),
    port,
  );
  const told = await eventually('the controller hears of it', () =>
    controller.sessions
      .flatMap((session) => session.events())
      .find((event) => event.kind === 'localOrder'),
  );
  assert.deepEqual(told, {
    kind: 'localOrder',
    requestedBy: `${userInfo().username} (sudo by alice)`,
    command: 'stop steady',
    operationId: 'operationId' in stop ? stop.operationId : null,
  });
});

test('a first start with a configuration that is wrong fails', async () => {
  const other = makeHost({ rest: '[program:broken]\ncomand = x\n' });
  const daemon = startAgent(other.folder, other.config);
  assert.equal((await daemon.ended()).code, 2);
  other[Symbol.dispose]();
});

test('SIGHUP takes up what is new, and a wrong file changes nothing', async () => {
  const pid = await host.running('steady');
  host.configure(`${PROGRAMS}\n[program:added]\ncommand = sleep 1000\nstartsecs = 0\n`);
  agent.signal('SIGHUP');
  await host.running('added');
  host.configure(`${PROGRAMS}\n[program:added]\ncommand =\n`);
  agent.signal('SIGHUP');
  const problem = await eventually(
    'it is refused',
    async () => (await list(host.socket)).configProblem,
  );
  assert.match(problem, /program:added/);
  await host.running('added');
  assert.equal(await host.running('steady'), pid);
  host.configure(PROGRAMS);
  agent.signal('SIGHUP');
  await eventually('it goes', async () => (await host.status('added')) === undefined);
});

test('who orders the end hears of it, and then neither agent nor socket is left', async () => {
  const pid = await host.running('steady');
  const told = await give(host.socket, { kind: 'shutdown' });
  assert.deepEqual(told.at(-1), { kind: 'done' });
  assert.equal((await agent.ended()).code, 0);
  assert.equal(isAlive(pid), false);
  assert.equal(existsSync(host.socket), false);
  assert.equal(existsSync(`${host.socket}.who`), false);
});

test('an agent whose root gives way to a user keeps nothing of root', asRoot, async () => {
  using other = makeHost({ rest: '' });
  chownSync(other.folder, NOBODY, NOBODY);
  const pidFile = join(other.folder, 'agent.pid');
  other.configure(`[supervisord]\nuser = nobody\npidfile = ${pidFile}\n${PROGRAMS}`);
  const daemon = await other.start();
  assert.equal(statusField(daemon.pid, 'Uid'), Array(4).fill(NOBODY).join('\t'));
  assert.equal(statusField(daemon.pid, 'Gid'), Array(4).fill(NOBODY).join('\t'));
  assert.equal(statusField(daemon.pid, 'Groups')?.trim(), String(NOBODY));
  const pid = await other.running('steady');
  assert.equal(statusField(pid, 'Uid'), Array(4).fill(NOBODY).join('\t'));
  assert.equal(lstatSync(pidFile).uid, NOBODY);
  await daemon.end('SIGTERM');
  assert.equal(existsSync(pidFile), false);
});
