/**
 * Health checks against real servers and real processes. Each look must have one answer, in time, and
 * leave nothing behind, whatever it meets.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { AgentProbes } from '../../agent/adapters/health/health-probes.ts';
import type { HealthProbe, ProcessDefinition } from '../../agent/core/definition.ts';
import type { ProbeResult } from '../../agent/core/observe.ts';
import { aDefinition } from '../fakes/agent-process.ts';
import { eventually } from './fleet/wait.ts';
import { isRoot, NOBODY } from './spawn-harness.ts';

const CHILD = { pid: 1, startToken: '1', keeperPid: 1, keeperStartToken: '1', bootId: 'b' };

function open(context: TestContext, environment: Record<string, string> = {}): AgentProbes {
  const { PATH = '/usr/bin:/bin' } = process.env;
  const probes = new AgentProbes({ environment: { PATH, ...environment }, descriptorsMax: 1024 });
  context.after(() => probes[Symbol.dispose]());
  return probes;
}

interface Wanted extends Partial<ProcessDefinition> {
  readonly timeoutMs?: number;
  readonly name?: string;
}

function look(
  probes: AgentProbes,
  probe: HealthProbe,
  { timeoutMs = 10_000, name = 'web', ...more }: Wanted = {},
): Promise<ProbeResult> {
  const healthCheck = { probe, intervalMs: 30_000, timeoutMs, retries: 3 };
  let answers = 0;
  return new Promise((resolve) => {
    probes.probe(aDefinition(name, { healthCheck, ...more }), CHILD, (result) => {
      answers += 1;
      assert.equal(answers, 1);
      resolve(result);
    });
  });
}

const exec = (command: string): HealthProbe => ({ kind: 'exec', command });
const shell = (script: string): HealthProbe => exec(`/bin/sh -c '${script}'`);

function folderOf(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'fleetvisor-health-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function listen(context: TestContext, server: Server, host = '127.0.0.1'): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, host, resolve);
  });
  context.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function serve(context: TestContext, answer: RequestListener): Promise<string> {
  const server = createHttpServer(answer);
  context.after(() => server.closeAllConnections());
  return `http://127.0.0.1:${await listen(context, server)}/health`;
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    // Ended, but not yet taken notice of by whoever inherited it.
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
};

async function errorOf(result: Promise<ProbeResult>): Promise<string> {
  const found = await result;
  assert.equal(found.isPassing, false);
  return found.isPassing ? '' : found.error;
}

test('a command that ends with 0 passes, whatever it prints', async (context) => {
  const probes = open(context);
  assert.deepEqual(await look(probes, shell('echo all is well; exit 0')), { isPassing: true });
});

test('a command that ends otherwise fails with what it printed last on either output', async (context) => {
  const script = 'echo asking; echo "no route to db" >&2; exit 3';
  const error = await errorOf(look(open(context), shell(script)));
  assert.equal(error, 'exit code 3: asking / no route to db');
});

test('a command that is killed by a signal fails and says by which', async (context) => {
  assert.equal(await errorOf(look(open(context), shell('kill -SEGV $$'))), 'killed by SIGSEGV');
});

test('what a check prints is shown in part, and cannot act on a terminal', async (context) => {
  const flood = 'head -c 300000 /dev/zero | tr "\\0" x; printf "\\033[2J"; exit 1';
  const error = await errorOf(look(open(context), shell(flood)));
  assert.ok(error.length <= 500, `${error.length}`);
  assert.ok(!error.includes('\u001b'));
});

test('a command that is not there, or cannot be split, fails at once', async (context) => {
  const probes = open(context);
  const missing = await errorOf(look(probes, exec('/nowhere/check --fast')));
  assert.equal(missing, "it cannot be started: can't find command '/nowhere/check'");
  const open_ = await errorOf(look(probes, exec('check "')));
  assert.match(open_, /can't parse command .*No closing quotation/);
});

test('a command that takes too long is killed with everything that it has started', async (context) => {
  const folder = folderOf(context);
  const script = `echo waiting; sleep 600 & echo $! >${folder}/pid; wait`;
  const error = await errorOf(look(open(context), shell(script), { timeoutMs: 300 }));
  assert.equal(error, 'it was killed, because it had not ended: waiting (within 0.3 s)');
  const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
  await eventually('what it started has ended', () => !isAlive(pid));
});

test('what a check leaves in the background does not delay its answer, and is ended', async (context) => {
  const folder = folderOf(context);
  const script = `sleep 600 & echo $! >${folder}/pid; exit 0`;
  assert.deepEqual(await look(open(context), shell(script)), { isPassing: true });
  const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
  await eventually('the background has ended', () => !isAlive(pid));
});

test('a command runs in the directory, with the environment, umask and limits of its program', async (context) => {
  const folder = folderOf(context);
  const script =
    '[ "$(pwd -P)" = "$WHERE" ] && [ "$OWN" = agent ] && [ "$SUPERVISOR_PROCESS_NAME" = web ] && [ "$(umask)" = 0027 ] && [ "$(ulimit -n)" = 1024 ]';
  const result = await look(
    open(context, { OWN: 'agent' }),
    shell(`${script} || { pwd; umask; ulimit -n; exit 1; }`),
    {
      directory: folder,
      environment: { WHERE: folder },
      umask: 0o027,
    },
  );
  assert.deepEqual(result, { isPassing: true });
});

test('a command runs as the user of its program, and cannot act on the way there', {
  skip: isRoot ? false : 'only root can become another user',
}, async (context) => {
  const script = '[ "$(id -u) $(id -g) $SECRET" = "65534 65534 x y" ] || { id; exit 1; }';
  const user = NOBODY;
  // Loaded by the switch of users, it would be told in the output and fail.
  const environment = { SECRET: 'x y', LD_PRELOAD: '/nowhere/evil.so' };
  const passing = await look(open(context), shell(`${script} 2>/dev/null`), {
    user,
    environment: { SECRET: 'x y' },
  });
  assert.deepEqual(passing, { isPassing: true });
  const error = await errorOf(look(open(context), shell('exit 1'), { user, environment }));
  assert.doesNotMatch(error, /setpriv|chroot/);
});

test('a directory that is not there fails and is named', async (context) => {
  const error = await errorOf(look(open(context), shell('exit 0'), { directory: '/nowhere' }));
  assert.match(error, /couldn't chdir to \/nowhere/);
});

test('an answer of 200 to 399 passes, and a redirect is not followed', async (context) => {
  const asked: string[] = [];
  const url = await serve(context, ({ url: path = '' }, response) => {
    asked.push(path);
    response.writeHead(302, { location: '/elsewhere' }).end();
  });
  assert.deepEqual(await look(open(context), { kind: 'http', url }), { isPassing: true });
  assert.deepEqual(asked, ['/health']);
});

test('any other answer fails and says which', async (context) => {
  for (const [status, text] of [
    [404, 'answered 404 Not Found'],
    [503, 'answered 503 Service Unavailable'],
  ] as const) {
    const url = await serve(context, (_, response) => response.writeHead(status).end('sorry'));
    assert.equal(await errorOf(look(open(context), { kind: 'http', url })), text);
  }
});

test('a body without an end is not waited for', async (context) => {
  const url = await serve(context, (_, response) => {
    response.writeHead(200).write('x');
  });
  assert.deepEqual(await look(open(context), { kind: 'http', url }), { isPassing: true });
});

test('a server that says nothing, drips its head or switches protocols is done with in time', async (context) => {
  const sockets = new Set<Socket>();
  const behave = (how: (socket: Socket) => void) =>
    listen(
      context,
      createTcpServer((socket) => {
        sockets.add(socket);
        socket.on('error', () => undefined);
        socket.resume();
        how(socket);
      }),
    );
  context.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  const silent = await behave(() => undefined);
  const dripping = await behave((socket) => {
    socket.write('HTTP/1.1 200 OK\r\n');
    const timer = setInterval(() => socket.write('x: y\r\n'), 20);
    socket.once('close', () => clearInterval(timer));
  });
  const closing = await behave((socket) => socket.end());
  const switching = await behave((socket) => {
    socket.write('HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n');
  });
  const babbling = await behave((socket) => socket.end('\u001b[2J what?\r\n\r\n'));
  const probes = open(context);
  const ask = (port: number) => {
    const url = `http://127.0.0.1:${port}/`;
    return errorOf(look(probes, { kind: 'http', url }, { timeoutMs: 400, name: `p${port}` }));
  };
  const errors = await Promise.all([silent, dripping, closing, switching, babbling].map(ask));
  assert.deepEqual(errors.slice(0, 2), Array(2).fill('no answer (within 0.4 s)'));
  assert.match(errors[2] ?? '', /hang up/);
  assert.equal(errors[3], 'answered 101 Switching');
  assert.match(errors[4] ?? '', /Parse Error/);
  await eventually('every connection is closed', () =>
    [...sockets].every((one) => one.destroyed || one.readableEnded),
  );
});

test('a port that is open passes, and one that is not says so', async (context) => {
  const port = await listen(
    context,
    createTcpServer((socket) => socket.end()),
  );
  const probes = open(context);
  const host = '127.0.0.1';
  assert.deepEqual(await look(probes, { kind: 'tcp', host, port }), { isPassing: true });
  const error = await errorOf(look(probes, { kind: 'tcp', host: 'localhost', port: 1 }));
  assert.match(error, /ECONNREFUSED/);
});

test('beyond 32 at once the rest waits, and is answered in its time too', async (context) => {
  const folder = folderOf(context);
  const probes = open(context);
  const slow = shell(`mkdir ${folder}/$SUPERVISOR_PROCESS_NAME; sleep 600`);
  const first = Array.from({ length: 32 }, (_, index) =>
    look(probes, slow, { name: `slow${index}`, timeoutMs: 1_500 }),
  );
  const waiting = look(probes, shell('exit 0'), { name: 'late', timeoutMs: 200 });
  const patient = look(probes, shell('exit 0'), { name: 'patient' });
  assert.match(await errorOf(waiting), /^32 other checks left it no turn \(within 0.2 s\)$/);
  for (const one of await Promise.all(first)) assert.equal(one.isPassing, false);
  assert.deepEqual(await patient, { isPassing: true });
});

test('a look for the next child ends the one for the child before', async (context) => {
  const probes = open(context);
  const before = look(probes, shell('sleep 600'));
  assert.deepEqual(await look(probes, shell('exit 0')), { isPassing: true });
  assert.equal(await errorOf(before), 'it was given up for a later one');
});

test('what is under way when the agent ends is killed, and nobody is told', async (context) => {
  const folder = folderOf(context);
  const probes = open(context);
  let told = 0;
  const probe = shell(`echo $$ >${folder}/pid; sleep 600`);
  const healthCheck = { probe, intervalMs: 30_000, timeoutMs: 30_000, retries: 3 };
  probes.probe(aDefinition('web', { healthCheck }), CHILD, () => {
    told += 1;
  });
  const pid = await eventually('it runs', () => {
    return Number(readFileSync(join(folder, 'pid'), 'utf8').trim()) || null;
  });
  probes[Symbol.dispose]();
  await eventually('it has ended', () => !isAlive(pid));
  assert.equal(told, 0);
});

test('where descriptors have run out a look fails, and what ran it goes on', async () => {
  const program = `
    import { closeSync, openSync } from 'node:fs';
    import { AgentProbes } from './agent/adapters/health/health-probes.ts';
    import { aDefinition } from './test/fakes/agent-process.ts';
    const probes = new AgentProbes({ environment: process.env, descriptorsMax: 1024 });
    const look = (probe) => new Promise((resolve) => {
      const healthCheck = { probe, intervalMs: 1, timeoutMs: 5000, retries: 1 };
      probes.probe(aDefinition('web', { healthCheck }), null, resolve);
    });
    const opened = [];
    try { for (;;) opened.push(openSync('/dev/null')); } catch {}
    for (const probe of [
      { kind: 'exec', command: '/bin/true' },
      { kind: 'tcp', host: '127.0.0.1', port: 1 },
      { kind: 'http', url: 'http://127.0.0.1:1/' },
    ]) console.log(JSON.stringify(await look(probe)));
    for (const descriptor of opened) closeSync(descriptor);
    console.log(JSON.stringify(await look({ kind: 'exec', command: '/bin/true' })));`;
  const limited = 'ulimit -n 256; exec "$0" --import tsx --input-type=module -e "$1"';
  const { stdout } = await promisify(execFile)('/bin/sh', [
    ...['-c', limited, process.execPath, program],
  ]);
  const results = stdout
    .trim()
    .split('\n')
    .map((line): ProbeResult => JSON.parse(line));
  assert.equal(results.length, 4);
  for (const result of results.slice(0, 3)) {
    assert.match(result.isPassing ? '' : result.error, /^it cannot be started: EMFILE/);
  }
  assert.deepEqual(results[3], { isPassing: true });
});
