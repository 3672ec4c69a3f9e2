/**
 * `npm run bench [NAME…]`: measures the product beside a peer or a floor in the same run and prints
 * the ratios with their spread. Nothing fails for being slow: how fast a machine is at the moment
 * is no property of the code, and only the ratio and a person can tell the two apart.
 */
import { availableParallelism, loadavg, release } from 'node:os';
import { control } from './agent/control.ts';
import { crash } from './agent/crash.ts';
import { crashLoop } from './agent/crash-loop.ts';
import { idle } from './agent/idle.ts';
import { memory } from './agent/memory.ts';
import { output } from './agent/output.ts';
import { status } from './agent/status.ts';
import type { Bench, Finding } from './bench.ts';
import { clush } from './clush.ts';
import { fanOut, largeFanOut } from './fan-out.ts';
import { whyNotBuilt } from './fleet.ts';
import { growth } from './growth.ts';
import { ingest } from './ingest.ts';
import { whyMissing } from './packages.ts';
import { reconnect } from './reconnect.ts';
import { renderTable } from './report.ts';
import { restartHosts } from './restart-hosts.ts';
import { startUp } from './start-up.ts';
import { SUPERVISOR } from './supervisor.ts';
import { Workplace } from './workplace.ts';

const BENCHES: readonly Bench[] = [
  crash,
  crashLoop,
  control,
  status,
  memory,
  output,
  idle,
  restartHosts,
  startUp,
  ingest,
  clush,
  fanOut,
  largeFanOut,
  growth,
  reconnect,
];

const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function main(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !BENCHES.some((bench) => isCalled(bench, name)));
  if (unknown.length > 0) {
    const known = BENCHES.map(({ name, summary }) => `  ${name.padEnd(16)}  ${summary}\n`);
    process.stderr.write(`usage: npm run bench [-- NAME…]\n${known.join('')}`);
    const isHelp = unknown.every((name) => name === '--help' || name === '-h');
    return isHelp ? 0 : 2;
  }
  const obstacle = whyNotHere() ?? whyNotBuilt();
  if (obstacle !== null) {
    say(obstacle);
    return 2;
  }
  const why = whyMissing([SUPERVISOR], say);
  if (why !== null) say(`going on without supervisor: ${why}`);
  const isChosen = (bench: Bench) => names.some((name) => isCalled(bench, name));
  const chosen = names.length === 0 ? BENCHES : BENCHES.filter(isChosen);
  const [loadBefore = 0] = loadavg();
  const findings: Finding[] = [];
  let failures = 0;
  for (const bench of chosen) {
    try {
      findings.push(...(await measure(bench, why === null)));
    } catch (error) {
      if (interruptedWith !== null) return interruptedWith;
      failures += 1;
      say(`${bench.name} could not be measured: ${error instanceof Error ? error.stack : error}`);
    }
  }
  process.stdout.write(`\n${renderTable(findings)}\n${machine(loadBefore)}\n`);
  return failures === 0 ? 0 : 1;
}

/** `agent` means all whose names begin so: what is measured beside supervisord on one host. */
function isCalled(bench: Bench, name: string): boolean {
  return bench.name === name || bench.name.startsWith(`${name}-`);
}

let current: Workplace | null = null;
/** The exit code; a bench whose daemons are ended under it fails, which is no news then. */
let interruptedWith: number | null = null;

async function measure(bench: Bench, hasSupervisor: boolean): Promise<readonly Finding[]> {
  say(`${bench.name}: ${bench.summary}`);
  const startedMs = performance.now();
  await using workplace = new Workplace();
  current = workplace;
  const { directory, daemons } = workplace;
  const note = (text: string) => say(`  ${text}`);
  const findings = await bench.run({ directory, daemons, hasSupervisor, note });
  say(`  took ${Math.round((performance.now() - startedMs) / 1_000)} s`);
  return findings;
}

/** Processor time and memory are read from /proc. */
function whyNotHere(): string | null {
  return process.platform === 'linux' ? null : 'the benches read /proc, which only Linux has';
}

/** The load is that of before: above zero, others were at work, and absolute numbers are worth less. */
function machine(loadBefore: number): string {
  const load = `load ${loadBefore.toFixed(1)} before`;
  return `${availableParallelism()} cores · node ${process.version} · Linux ${release()} · ${load}`;
}

// A reader that has left must not keep us from clearing up.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
for (const [signal, exitCode] of [
  ['SIGHUP', 129],
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => {
    interruptedWith = exitCode;
    void Promise.resolve(current?.[Symbol.asyncDispose]()).then(() => process.exit(exitCode));
  });
}

process.exitCode = await main(process.argv.slice(2));
