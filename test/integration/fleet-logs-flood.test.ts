/**
 * Somebody pages through the log of a program that floods, and looks away: nothing of it may pile up
 * anywhere, nobody else may be kept waiting, and what the reader missed is said.
 */
import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import type { Daemon } from './fleet/daemon.ts';
import { createFleet, type Fleet, makeFolder } from './fleet/harness.ts';
import { operatorEnvironment } from './fleet/operator-shell.ts';
import { MARK, statusField } from './fleet/processes.ts';

/** Each line of the flood is this, and its number. */
const LINE = 'x'.repeat(100);
/** Far more than may be kept on the way, and than a reader may be behind. */
const FLOOD_BYTES = 400_000_000;
const GROWTH_MAX_KB = 40_000;
/** What may be on its way when the reader looks away: the windows of the call, HTTP/2's, the pipe. */
const MOVED_MAX_BYTES = 8_000_000;

let fleet: Fleet;
let controller: Daemon;
let agent: Daemon;

before(async () => {
  fleet = await createFleet();
  const logs = makeFolder(fleet, 'logs');
  controller = await fleet.startController();
  const flooding = fleet.script('flooding', `exec awk 'BEGIN { for (;;) print "${LINE}", ++n }'\n`);
  agent = await fleet.startAgent('web-1', {
    programs: `
[program:flooding]
command = ${flooding}
startsecs = 0
autostart = false
stdout_logfile = ${logs}/flooding.log
stdout_logfile_maxbytes = 4MB
stdout_logfile_backups = 2
`,
  });
  await fleet.process('web-1', 'flooding', 'is known', ({ status }) => status.state === 'STOPPED');
});

after(() => fleet?.[Symbol.dispose]());

test('a reader that looks away costs no memory, and is told what it missed', async () => {
  const started = await fleet.fleetctl('start', 'flooding', '--hosts', 'web-1');
  assert.equal(started.code, 0, started.stderr);
  const pid = await fleet.running('web-1', 'flooding');
  const reader = await openPager();
  await fleet.until('the first piece is there', () => reader.child.stdout.readableLength > 0);
  const pids = { controller: controller.pid, agent: agent.pid, fleetctl: reader.child.pid ?? 0 };
  const before = residentKb(pids);
  const [controllerFrom, fleetctlFrom] = [controller.pid, pids.fleetctl].map(bytesReadBy);
  const from = bytesWrittenBy(pid);
  await fleet.until('much was printed', () => bytesWrittenBy(pid) - from > FLOOD_BYTES, {
    withinMs: 60_000,
  });
  assert.ok(bytesReadBy(controller.pid) - (controllerFrom ?? 0) < MOVED_MAX_BYTES, 'controller');
  assert.ok(bytesReadBy(pids.fleetctl) - (fleetctlFrom ?? 0) < MOVED_MAX_BYTES, 'fleetctl');
  const grown = residentKb(pids);
  for (const [name, kb] of Object.entries(before)) {
    const now = grown[name] ?? 0;
    assert.ok(now - kb < GROWTH_MAX_KB, `${name} grew from ${kb} to ${now} kB`);
  }
  reader.look();
  await fleet.until('the gap is told', () => /skipped/.test(reader.text()), { withinMs: 30_000 });
  const stopped = await fleet.fleetctl('stop', 'flooding', '--hosts', 'web-1');
  assert.equal(stopped.code, 0, stopped.stderr);
  reader.child.kill('SIGINT');
  assert.equal(await reader.ended, 130);
  assertWhole(reader.text());
});

interface Pager {
  readonly child: ChildProcessByStdio<null, Readable, null>;
  readonly look: () => void;
  readonly text: () => string;
  readonly ended: Promise<number | null>;
}

/** `fleetctl logs -f flooding | less`, before anybody has pressed a key. */
async function openPager(): Promise<Pager> {
  const words = ['-c', 'exec fleetctl logs -f flooding --hosts web-1 -n 1'];
  const env = { ...(await operatorEnvironment(fleet)), [MARK]: fleet.folder };
  const child = spawn('sh', words, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (piece: string) => {
    text += piece;
  });
  child.stdout.pause();
  return {
    child,
    look: () => void child.stdout.resume(),
    text: () => text,
    ended: new Promise((resolve) => child.once('close', resolve)),
  };
}

/** proc(5): over all descriptors, sockets too. */
function bytesOf(pid: number, field: 'rchar' | 'wchar'): number {
  const io = readFileSync(`/proc/${pid}/io`, 'utf8');
  return Number(new RegExp(`^${field}: (\\d+)$`, 'm').exec(io)?.[1] ?? assert.fail(io));
}

const bytesReadBy = (pid: number): number => bytesOf(pid, 'rchar');
const bytesWrittenBy = (pid: number): number => bytesOf(pid, 'wchar');

/** Lines come whole and in order; where numbers jump, a gap is told. */
function assertWhole(text: string): void {
  let last: number | null = null;
  let gaps = 0;
  for (const line of text.split('\n').slice(0, -1)) {
    if (GAP.test(line)) {
      gaps += 1;
      last = null;
      continue;
    }
    const found: RegExpExecArray = WHOLE_LINE.exec(line) ?? assert.fail(`${last}, then ${line}`);
    const number = Number(found[1]);
    assert.ok(last === null || number === last + 1, `${last}, then ${line}`);
    last = number;
  }
  assert.ok(gaps > 0);
}

const GAP =
  /^-- web-1 flooding: (?:[\d.]+ \w+ skipped, this reader was too slow|at least [\d.]+ \w+ skipped, gone before it was read) --$/;
const WHOLE_LINE = /^web-1 flooding \| x{100} (\d+)$/;

function residentKb(pids: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(pids).map(([name, pid]) => [
      name,
      Number.parseInt(statusField(pid, 'VmRSS') ?? assert.fail(name), 10),
    ]),
  );
}
