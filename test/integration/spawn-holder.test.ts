/** The holder itself, without an agent: what it keeps, what it has open, and when it ends. */
import assert from 'node:assert/strict';
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { makeFifos } from '../../agent/adapters/children/fifos.ts';
import { HolderRecord } from '../../agent/adapters/children/holder-record.ts';
import { OutputHolder } from '../../agent/adapters/children/output-holder.ts';
import { fifosOf, runFilesOf } from '../../agent/adapters/children/run-files.ts';
import { openProcessTable } from '../../agent/adapters/host/process-table.ts';
import {
  descriptorsOf,
  isAlive,
  killAllOf,
  MARK,
  processesOf,
  sendSignal,
} from './fleet/processes.ts';
import { eventually } from './fleet/wait.ts';
import { openChildren } from './spawn-harness.ts';

const FIFO_FLAGS = constants.O_RDWR | constants.O_NONBLOCK;

/** What one agent after another has to do with the holder, in a folder of their own. */
class Agents {
  readonly folder: string;
  readonly table = openProcessTable(process.env['FLEETVISOR_PROCESS_TABLE']);
  readonly record: HolderRecord;
  readonly complaints: string[] = [];

  constructor(context: TestContext) {
    this.folder = mkdtempSync(join(tmpdir(), 'fleetvisor-holder-'));
    this.record = new HolderRecord(this.folder);
    context.after(() => {
      killAllOf(this.folder);
      rmSync(this.folder, { recursive: true });
    });
  }

  start(): OutputHolder {
    const complain = (_facts: unknown, text: string): void => void this.complaints.push(text);
    return new OutputHolder({
      runDir: this.folder,
      table: this.table,
      environment: { PATH: process.env['PATH'], [MARK]: this.folder },
      log: { warn: complain, error: complain },
    });
  }

  fifos(...names: readonly string[]): readonly string[] {
    const paths = names.map((name) => join(this.folder, name));
    makeFifos(paths);
    return paths;
  }

  pids(): readonly number[] {
    return processesOf(this.folder).map(({ pid }) => pid);
  }

  /** The only one, behind its gate. */
  settled(): Promise<number> {
    return eventually('there is one holder, behind its gate', () => {
      const [pid, ...others] = this.pids();
      if (pid === undefined || others.length > 0) return null;
      return descriptorsOf(pid).get(0)?.endsWith('/holder.idle') ? pid : null;
    });
  }
}

/** As a program that prints and ends. */
function print(fifo: string, text: string): void {
  const descriptor = openSync(fifo, FIFO_FLAGS);
  writeSync(descriptor, text);
  closeSync(descriptor);
}

function readAll(fifo: string): string {
  const descriptor = openSync(fifo, FIFO_FLAGS);
  const buffer = Buffer.alloc(200_000);
  try {
    return buffer.toString('utf8', 0, readSync(descriptor, buffer));
  } catch {
    return '';
  } finally {
    closeSync(descriptor);
  }
}

test('what was printed stays although nobody else has the FIFO open, and is there once', async (context) => {
  const agents = new Agents(context);
  const [out = '', err = ''] = agents.fifos('web.out', 'web.err');
  const holder = agents.start();
  holder.add([out, err]);
  holder.complete();
  print(out, 'last words\n');
  await agents.settled();
  holder[Symbol.dispose]();
  print(err, 'and their reason\n');
  assert.equal(readAll(out), 'last words\n');
  assert.equal(readAll(err), 'and their reason\n');
  assert.equal(readAll(out), '');
});

test('the rest of what has ended goes to its logs at once, and its last lines are told', (context) => {
  const real = openChildren(context);
  const web = real.define('web', { redirectStderr: false });
  const files = runFilesOf({ runDir: real.folder }, web.process);
  makeFifos(fifosOf(files));
  writeFileSync(files.childRecord, 'of the one that has ended');
  real.children.holdOutputOf([web.process]);
  print(files.stdoutFifo, 'one\ntwo\n');
  print(files.stderrFifo, 'why\n');
  assert.deepEqual(real.children.readRest(web), ['one', 'two', 'why']);
  assert.deepEqual([real.log('web'), real.log('web', 'stderr')], ['one\ntwo\n', 'why\n']);
  real.children.readRest(web);
  assert.equal(real.log('web'), 'one\ntwo\n');
  assert.equal(readFileSync(files.childRecord, 'utf8').trim(), '');
});

test('it has the FIFOs open and nothing else, whatever the agent has', async (context) => {
  const agents = new Agents(context);
  const fifos = agents.fifos('web.out', 'web.err', 'db.out', 'db.err');
  const open = openSync(join(agents.folder, 'journal'), 'w');
  context.after(() => closeSync(open));
  const before = readdirSync('/proc/self/fd').length;
  const holder = agents.start();
  holder.add(fifos);
  holder.complete();
  const pid = await agents.settled();
  const targets = [...descriptorsOf(pid).values()].sort();
  const idle = join(agents.folder, 'holder.idle');
  assert.deepEqual(targets, ['/dev/null', '/dev/null', idle, ...fifos].sort());
  await eventually('the gate is closed', () => readdirSync('/proc/self/fd').length <= before);
  holder.end();
});

test('one holder more does for all FIFOs that were made together', async (context) => {
  const agents = new Agents(context);
  const holder = agents.start();
  holder.add(agents.fifos('a.out'));
  holder.complete();
  const first = await agents.settled();
  holder.complete();
  assert.equal(await agents.settled(), first, 'there was nothing to do');
  for (const name of ['b.out', 'c.out', 'd.out']) holder.add(agents.fifos(name));
  print(join(agents.folder, 'a.out'), 'kept over the change\n');
  holder.complete();
  assert.equal(agents.record.read().length, 2, 'both are on record until the first has ended');
  await eventually('the first has ended', () => !isAlive(first));
  const second = await agents.settled();
  const held = [...descriptorsOf(second).values()].filter((path) => path.endsWith('.out'));
  assert.equal(held.length, 4);
  assert.equal(readAll(join(agents.folder, 'a.out')), 'kept over the change\n');
  await eventually('one is on record', () => agents.record.read().length === 1);
  holder.end();
});

test('the next agent has its own before it ends that of the last one', async (context) => {
  const agents = new Agents(context);
  const fifos = agents.fifos('web.out');
  const holders = [agents.start(), agents.start(), agents.start()];
  const pids = new Set<number>();
  for (const holder of holders) {
    holder.add(fifos);
    holder.complete();
    pids.add(await agents.settled());
    holder[Symbol.dispose]();
    print(fifos[0] ?? '', `${pids.size}\n`);
  }
  assert.equal(pids.size, 3);
  assert.equal(readAll(fifos[0] ?? ''), '1\n2\n3\n');
  assert.deepEqual(agents.complaints, []);
});

test('at an orderly end nothing is left, be it running or on disk', async (context) => {
  const agents = new Agents(context);
  const holder = agents.start();
  holder.add(agents.fifos('web.out'));
  holder.complete();
  holder.end();
  await eventually('it has ended', () => agents.pids().length === 0);
  assert.deepEqual(readdirSync(agents.folder), ['web.out']);
  assert.deepEqual(agents.complaints, [], 'nobody misses it');
  agents.start().end();
});

test('one that cannot be put on record does not stay', async (context) => {
  const agents = new Agents(context);
  mkdirSync(join(agents.folder, 'holder'));
  const holder = agents.start();
  holder.add(agents.fifos('web.out'));
  holder.complete();
  await eventually('its gate is closed', () => agents.pids().length === 0);
  assert.equal(agents.complaints.length, 1);
  rmSync(join(agents.folder, 'holder'), { recursive: true });
  await agents.settled();
  holder.end();
});

test('nobody is ended for having the pid of one', async (context) => {
  const agents = new Agents(context);
  const { bootId } = agents.table;
  const ownToken = agents.table.startTokenOf(process.pid) ?? '';
  const strangers = [
    { pid: process.pid, startToken: 'another time', bootId },
    { pid: process.pid, startToken: ownToken, bootId: 'another boot' },
  ];
  agents.record.write(strangers);
  const holder = agents.start();
  holder.add(agents.fifos('web.out'));
  holder.complete();
  await eventually('they are off the record', () => agents.record.read().length === 1);
  agents.record.write([...agents.record.read(), ...strangers]);
  holder.end();
  await eventually('it has ended', () => agents.pids().length === 0);
});

test('a record that is damaged hinders nobody', async (context) => {
  const agents = new Agents(context);
  const lines = ['[1,"x","y"]', '[-7,"x","y"]', '{}', '[7]', 'null', 'x', '', '["7","x","y"]'];
  writeFileSync(agents.record.path, `${lines.join('\n')}\n[4711,"x`);
  assert.deepEqual(agents.record.read(), []);
  const holder = agents.start();
  holder.add(agents.fifos('web.out'));
  holder.complete();
  await agents.settled();
  holder.end();
});

test('where it is killed, or its own FIFO removed, another one comes', async (context) => {
  const agents = new Agents(context);
  const holder = agents.start();
  holder.add(agents.fifos('web.out'));
  holder.complete();
  const first = await agents.settled();
  rmSync(join(agents.folder, 'holder.idle'));
  sendSignal(first, 'SIGKILL');
  const second = await eventually('there is another', async () => {
    const pid = await agents.settled();
    return pid === first ? null : pid;
  });
  assert.notEqual(second, first);
  assert.equal(agents.complaints.length, 1);
  holder.end();
});

test('where descriptors run out, as many FIFOs are held as there are descriptors, and none is lost', async (context) => {
  const agents = new Agents(context);
  const fifos = agents.fifos(...Array.from({ length: 100 }, (_, index) => `p${index}.out`));
  const hoard: number[] = [];
  const release = () => {
    for (const descriptor of hoard.splice(0)) closeSync(descriptor);
  };
  context.after(release);
  const before = readdirSync('/proc/self/fd').length;
  const holder = agents.start();
  holder.add(fifos);
  for (;;) {
    try {
      hoard.push(openSync('/dev/null', 'r'));
    } catch {
      break;
    }
  }
  for (const descriptor of hoard.splice(-60)) closeSync(descriptor);
  holder.complete();
  release();
  const pid = await agents.settled();
  const held = [...descriptorsOf(pid).values()].filter((path) => path.endsWith('.out'));
  assert.ok(held.length >= 40 && held.length < 60, `${held.length} are held`);
  assert.deepEqual(agents.complaints, ['not every FIFO can be kept open while no agent runs']);
  await eventually('all are closed', () => readdirSync('/proc/self/fd').length <= before);
  holder.end();
});

test('thousands are held by one, in a moment', async (context) => {
  const agents = new Agents(context);
  const names = Array.from({ length: 4_000 }, (_, index) => `p${index}.out`);
  const fifos = agents.fifos(...names);
  const holder = agents.start();
  holder.add(fifos);
  const beganAtMs = performance.now();
  holder.complete();
  const tookMs = performance.now() - beganAtMs;
  const pid = await agents.settled();
  assert.equal(descriptorsOf(pid).size, fifos.length + 3);
  context.diagnostic(`${fifos.length} FIFOs: ${tookMs.toFixed(0)} ms`);
  assert.ok(tookMs < 2_000, `${tookMs} ms`);
  holder.end();
});
