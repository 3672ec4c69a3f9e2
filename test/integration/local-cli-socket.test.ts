/** What `fleetctl --local` finds where an agent's socket should be, when it is not one. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeProof } from '../../cli/local/proof.ts';
import { fleetctlLocal } from './local-stage.ts';

const folder = mkdtempSync(join(tmpdir(), 'fleet-socket-'));
const servers: Server[] = [];

after(() => {
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true });
});

async function listen(server: Server, name: string): Promise<string> {
  const path = join(folder, name);
  server.listen(path);
  await once(server, 'listening');
  servers.push(server);
  return path;
}

const status = (socket: string) => fleetctlLocal(socket, ['status']);

test('nothing there, or nobody behind it, is said in the words of supervisorctl', async () => {
  const missing = join(folder, 'missing.sock');
  for (const typed of [missing, `unix://${missing}`]) {
    const { stdout, stderr, exitCode } = await status(typed);
    assert.deepEqual([stdout, stderr, exitCode], [`unix://${missing} no such file\n`, '', 4]);
  }
  const file = join(folder, 'file');
  writeFileSync(file, '');
  assert.deepEqual(await status(file), {
    stdout: `unix://${file} refused connection\n`,
    stderr: '',
    exitCode: 4,
  });
  assert.equal((await status(join(file, 'below'))).exitCode, 4);
});

test('whoever answers otherwise than an agent is told from one that is missing', async () => {
  const web = await listen(createHttpServer(), 'http.sock');
  const hasty = await listen(
    createServer((connection) => connection.destroy()),
    'hasty.sock',
  );
  const noisy = await listen(
    createServer((connection) => {
      connection.on('error', () => {});
      connection.end('\u001b[2J not a protocol\n'.repeat(1_000));
    }),
    'noisy.sock',
  );
  for (const path of [web, hasty, noisy]) {
    const { stdout, exitCode } = await status(path);
    assert.equal(exitCode, 1);
    assert.match(stdout, /^unix:.*\.sock does not answer as an agent does: another program/);
    assert.equal(stdout.includes('\u001b'), false);
  }
});

test('a path that no socket can have is no crash', async () => {
  for (const name of ['x'.repeat(200), ' ', '%41?#', 'ä\n']) {
    const { stdout, exitCode } = await status(join(folder, name));
    assert.ok(exitCode === 4 || exitCode === 1, stdout);
    assert.equal(stdout.trimEnd().includes('\n'), false, stdout);
  }
});

test('the environment says which socket, and an option overrides it', async () => {
  const run = async (...words: string[]) => {
    const env = { ...process.env, FLEETCTL_SOCKET: '/from/environment' };
    const args = ['--no-warnings', '--import', 'tsx', 'cli/main.ts', '--local', ...words];
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    const [code] = await once(child, 'close');
    return [stdout, code];
  };
  assert.deepEqual(await run('pid'), ['unix:///from/environment no such file\n', 7]);
  assert.deepEqual(await run('pid', '--socket', '/x'), ['unix:///x no such file\n', 7]);
});

/** A socket, as far as a file's name goes, and the place beside it. */
function makePlace(name: string): { readonly socket: string; readonly place: string } {
  const socket = join(folder, name);
  writeFileSync(socket, '');
  mkdirSync(`${socket}.who`);
  chmodSync(`${socket}.who`, 0o1733);
  return { socket, place: `${socket}.who` };
}

test('a proof of who we are is made only in a place that is meant for proofs', () => {
  const { socket, place } = makePlace('guarded.sock');
  for (const path of [null, join(folder, 'p'), '/p', 'p', join(folder, 'no', 'p')]) {
    assert.equal(makeProof(path, socket).path, null, String(path));
  }
  chmodSync(place, 0o1777);
  assert.equal(makeProof(join(place, 'p'), socket).path, null, 'who can look can take');
});

test('whoever listens elsewhere gets no proof for the agent of another socket', () => {
  const { place } = makePlace('real.sock');
  const other = makePlace('other.sock');
  assert.equal(makeProof(join(place, 'p'), other.socket).path, null);
  const link = join(folder, 'link.sock');
  symlinkSync(other.socket, link);
  using proof = makeProof(join(other.place, 'p'), link);
  assert.equal(proof.path, join(other.place, 'p'));
});

test('a proof is a directory for its maker alone, and goes when it has been given', () => {
  const { socket, place } = makePlace('callers.sock');
  const path = join(place, 'proof');
  const proof = makeProof(path, socket);
  assert.equal(proof.path, path);
  assert.equal(statSync(path).mode & 0o7777, 0o700);
  assert.equal(makeProof(path, socket).path, null, 'what is there was made by somebody else');
  proof[Symbol.dispose]();
  assert.equal(existsSync(path), false);
  proof[Symbol.dispose]();
});
