/**
 * What programs print, on its way to their logs, beside supervisord: 50 MB of one program at once,
 * twenty programs at 5 MB/s each, and floods. How late a daemon is with everything else shows in how
 * long it takes to answer meanwhile.
 */
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Bench, BenchTools, Budget, Finding } from '../bench.ts';
import { processorMs, residentMb } from '../proc.ts';
import { type Spread, spreadOf } from '../spread.ts';
import {
  FLOOD_BYTES,
  FLOODS,
  LINES,
  MANY,
  ourPrinters,
  type Printers,
  STEADY,
  supervisorsPrinters,
} from './printers.ts';

const AT_ONCE_BYTES = 50_000_000;
const AT_ONCE_ROUNDS = 7;

/** 5 MB/s. */
const STEADY_BYTES_PER_MS = 5_000;
const STEADY_ROUNDS = 3;
const STEADY_MS = 2_000;
const TICK_MS = 10;

const FLOOD_ROUNDS = 2;

const LOGGED_WAIT_MS = 60_000;
const LINE = 'a line of ordinary length, as programs print them in the course of a day\n';

export const output: Bench = {
  name: 'agent-output',
  summary: `${AT_ONCE_BYTES / 1e6} MB at once, ${MANY} programs at 5 MB/s each, ${MANY} floods`,
  run,
};

async function run(tools: BenchTools): Promise<readonly Finding[]> {
  const lines = join(tools.directory, 'lines');
  writeFileSync(lines, LINE.repeat(Math.ceil(AT_ONCE_BYTES / LINE.length)));
  truncateSync(lines, AT_ONCE_BYTES);
  using own = await ourPrinters(tools, lines);
  using peer = tools.hasSupervisor ? await supervisorsPrinters(tools, lines) : null;
  const beside = async (rounds: number, measure: (printers: Printers) => Promise<Sample>) => {
    const samples: { readonly own: Sample[]; readonly peer: Sample[] } = { own: [], peer: [] };
    for (let round = 0; round < rounds; round += 1) {
      samples.own.push(await measure(own));
      if (peer !== null) samples.peer.push(await measure(peer));
    }
    return (what: string, unit: string, value: keyof Sample, budget: Budget | null): Finding => ({
      what,
      unit,
      ours: spreadOfAll(samples.own, value),
      peer:
        peer === null ? null : { name: 'supervisord', spread: spreadOfAll(samples.peer, value) },
      budget,
    });
  };
  const atOnce = await beside(AT_ONCE_ROUNDS, printAtOnce);
  const steady = await beside(STEADY_ROUNDS, printSteadily);
  const flood = await beside(FLOOD_ROUNDS, printFloods);
  return [
    atOnce('50 MB of one program, logged', 'ms', 'wallMs', { kind: 'ratioAtMost', ratio: 1.5 }),
    atOnce('… processor of the daemon', 'ms', 'processorMs', null),
    steady(`${MANY} programs at 5 MB/s each, processor`, 'ms/s', 'processorMs', null),
    steady('… logged', 'MB/s', 'megabytes', null),
    steady('… an answer meanwhile', 'ms', 'answerMs', null),
    flood(`${MANY} floods, resident memory`, 'MB', 'residentMb', { kind: 'atMost', value: 150 }),
    flood('… an answer meanwhile', 'ms', 'answerMs', null),
    flood('… logged', 'MB/s', 'megabytes', null),
  ];
}

/** What one round has shown; several values where it was looked at several times. */
interface Sample {
  readonly wallMs: readonly number[];
  readonly processorMs: readonly number[];
  readonly megabytes: readonly number[];
  readonly answerMs: readonly number[];
  readonly residentMb: readonly number[];
}

const spreadOfAll = (samples: readonly Sample[], value: keyof Sample): Spread =>
  spreadOf(samples.flatMap((sample) => sample[value]));

async function printAtOnce(printers: Printers): Promise<Sample> {
  const wantedBytes = printers.loggedBytes('lines') + AT_ONCE_BYTES;
  return watched(printers, 1, async () => {
    printers.feed(LINES, Buffer.from('go\n'));
    await until(() => printers.loggedBytes('lines') === wantedBytes);
    return AT_ONCE_BYTES;
  });
}

/** As much as is due by now, or as there is room for; all that was fed must be logged in the end. */
async function printSteadily(printers: Printers): Promise<Sample> {
  const loggedBefore = printers.loggedBytes('steady');
  const chunk = Buffer.from(LINE.repeat((STEADY_BYTES_PER_MS * TICK_MS) / LINE.length));
  let fedBytes = 0;
  return watched(printers, STEADY_MS / 1_000, async () => {
    const fed = new Map(STEADY.map((process) => [process, 0]));
    const startedMs = performance.now();
    for (let elapsedMs = 0; elapsedMs < STEADY_MS; elapsedMs = performance.now() - startedMs) {
      for (const [process, bytes] of fed) {
        const isDue = bytes < elapsedMs * STEADY_BYTES_PER_MS;
        const written = isDue ? printers.feed(process, chunk) : 0;
        fed.set(process, bytes + written);
        fedBytes += written;
      }
      await delay(1);
    }
    await until(() => printers.loggedBytes('steady') === loggedBefore + fedBytes);
    return fedBytes;
  });
}

/** The logs are rotated on the way; that every program could print all of it is what shows the end. */
async function printFloods(printers: Printers): Promise<Sample> {
  const device = Buffer.from('zero\n');
  return watched(printers, 1, async () => {
    for (const process of FLOODS) printers.feed(process, device);
    await until(() => printers.done(FLOODS) === FLOODS.length);
    return MANY * FLOOD_BYTES;
  });
}

/** @param seconds by which processor time is divided */
async function watched(
  printers: Printers,
  seconds: number,
  print: () => Promise<number>,
): Promise<Sample> {
  const [answerMs, residents]: [number[], number[]] = [[], []];
  const usedBefore = processorMs(printers.pid);
  const startedMs = performance.now();
  let isOver = false;
  const asking = (async () => {
    do {
      const askedMs = performance.now();
      await printers.ask();
      answerMs.push(performance.now() - askedMs);
      residents.push(residentMb(printers.pid));
      await delay(TICK_MS);
    } while (!isOver);
  })();
  const bytes = await print();
  const wallMs = performance.now() - startedMs;
  isOver = true;
  await asking;
  return {
    wallMs: [wallMs],
    processorMs: [(processorMs(printers.pid) - usedBefore) / seconds],
    megabytes: [bytes / 1_000 / wallMs],
    answerMs,
    residentMb: [Math.max(...residents)],
  };
}

async function until(isSo: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + LOGGED_WAIT_MS;
  while (!isSo()) {
    if (performance.now() > deadlineMs) throw new Error('what was printed is not in the logs');
    await delay(1);
  }
}
