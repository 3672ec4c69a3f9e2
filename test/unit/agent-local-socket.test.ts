import assert from 'node:assert/strict';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type ListeningSocket, openSocket } from '../../agent/local/socket.ts';
import { makeSocketDirectory } from '../../agent/local/socket-directory.ts';
import { FleetError } from '../../proto/errors.ts';
import { fakeLog } from '../fakes/agent-log.ts';

const root = mkdtempSync(join(tmpdir(), 'fleet-socket-'));
const opened: ListeningSocket[] = [];
after(() => {
  for (const socket of opened) socket.close();
  rmSync(root, { recursive: true });
});

function emptyDirectory(): string {
  return mkdtempSync(join(root, 'd'));
}

const configured = (path: string) => ({ path, isDefault: false, mode: 0o760, owner: null });

async function open(settings: ReturnType<typeof configured>, log = fakeLog()) {
  const socket = await openSocket(settings, log);
  if (socket !== null) opened.push(socket);
  return socket;
}

/** Says who it is to everybody, of whom some have left already. */
function answerWith(socket: ListeningSocket | null | undefined, greeting: string): void {
  assert.ok(socket);
  socket.serve((connection) => {
    connection.on('error', () => undefined);
    connection.end(greeting);
  });
}

/** What a program that was killed leaves. */
async function leaveStaleSocket(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}.made`, resolve));
  linkSync(`${path}.made`, path);
  await new Promise((resolve) => server.close(resolve));
}

/** The first bytes of whoever answers. */
function greetingAt(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const connection = createConnection(path);
    connection.once('error', reject);
    connection.once('data', (bytes) => {
      connection.destroy();
      resolve(bytes.toString());
    });
  });
}

async function refusalOf(opening: Promise<unknown>) {
  try {
    await opening;
  } catch (error) {
    assert.ok(error instanceof FleetError, String(error));
    assert.equal(error.refusal.code, 'configuration');
    return error.refusal;
  }
  return assert.fail('it was opened');
}

test('the socket has its mode, answers, and is all that is in its directory', async () => {
  const directory = emptyDirectory();
  const path = join(directory, 'agent.sock');
  const socket = await open(configured(path));
  assert.ok(socket);
  answerWith(socket, 'here');
  assert.deepEqual(readdirSync(directory), ['agent.sock']);
  assert.equal(lstatSync(path).mode & 0o7777, 0o760);
  assert.equal(await greetingAt(path), 'here');
  socket.close();
  assert.deepEqual(readdirSync(directory), []);
});

test('a socket at which nobody listens is replaced, and that is told', async () => {
  const path = join(emptyDirectory(), 'agent.sock');
  await leaveStaleSocket(path);
  const log = fakeLog();
  const socket = await open(configured(path), log);
  assert.ok(socket);
  answerWith(socket, 'here');
  assert.equal(await greetingAt(path), 'here');
  assert.match(log.lines.join('\n'), /replaced a socket at which nobody was listening/);
  socket.close();
});

test('where others could exchange the socket, none is made', async () => {
  const directory = emptyDirectory();
  chmodSync(directory, 0o757);
  const path = join(directory, 'agent.sock');
  assert.match((await refusalOf(open(configured(path)))).message, /would not be safe/);
  assert.deepEqual(readdirSync(directory), []);
  chmodSync(directory, 0o1757);
  assert.ok(await open(configured(path)));
});

test('a socket at which a program listens is left to it', async () => {
  const path = join(emptyDirectory(), 'agent.sock');
  const first = await open(configured(path));
  assert.ok(first);
  answerWith(first, 'first');
  const refused = await refusalOf(open(configured(path)));
  assert.equal(refused.message, `another program is already listening on ${path}`);
  assert.equal(await greetingAt(path), 'first');
  first.close();
});

test('where nobody asked for the socket, the agent does without one that is taken', async () => {
  const path = join(emptyDirectory(), 'agent.sock');
  const first = await open(configured(path));
  assert.ok(first);
  const log = fakeLog();
  assert.equal(await open({ ...configured(path), isDefault: true }, log), null);
  assert.match(log.lines.join('\n'), /no local control: another program/);
  first.close();
});

test('what is no socket is neither replaced nor removed', async () => {
  const directory = emptyDirectory();
  const path = join(directory, 'agent.sock');
  writeFileSync(path, 'precious');
  const refused = await refusalOf(open(configured(path)));
  assert.equal(refused.message, `${path} exists and is no socket`);
  assert.equal(readFileSync(path, 'utf8'), 'precious');
  assert.deepEqual(readdirSync(directory), ['agent.sock']);
});

test('a directory that is not there is named', async () => {
  const path = join(emptyDirectory(), 'nowhere', 'agent.sock');
  const refused = await refusalOf(open(configured(path)));
  assert.match(refused.cause ?? '', /the directory .*nowhere does not exist/);
});

test('the directory of the default socket is made, open to everybody', async () => {
  const directory = join(emptyDirectory(), 'fleetvisor');
  const path = join(directory, 'agent.sock');
  const settings = { ...configured(path), isDefault: true };
  makeSocketDirectory(settings, null);
  assert.equal(lstatSync(directory).mode & 0o777, 0o755);
  makeSocketDirectory(settings, null);
  assert.ok(await open(settings));
});

test('at its end an agent leaves the socket of another that took its place', async () => {
  const directory = emptyDirectory();
  const path = join(directory, 'agent.sock');
  const first = await open(configured(path));
  renameSync(path, join(directory, 'moved'));
  const second = await open(configured(path));
  assert.ok(first && second);
  first.close();
  answerWith(second, 'second');
  assert.equal(await greetingAt(path), 'second');
  second.close();
});

test('until it is served, whoever connects is turned away', async () => {
  const path = join(emptyDirectory(), 'agent.sock');
  const socket = await open(configured(path));
  assert.ok(socket);
  const connection = createConnection(path);
  await new Promise((resolve) => connection.once('close', resolve));
  socket.close();
});

test('of agents that start at once over a stale socket, one gets it and the others are told', async () => {
  const path = join(emptyDirectory(), 'agent.sock');
  await leaveStaleSocket(path);
  const openings = Array.from({ length: 8 }, () => open(configured(path)));
  const outcomes = await Promise.allSettled(openings);
  const winners = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  assert.equal(winners.length, 1);
  answerWith(winners[0], 'the one');
  assert.equal(await greetingAt(path), 'the one');
  winners[0]?.close();
});

test('a directory in the place of the socket is left alone', async () => {
  const path = join(emptyDirectory(), 'agent.sock');
  mkdirSync(path);
  await refusalOf(open(configured(path)));
  assert.ok(lstatSync(path).isDirectory());
});
