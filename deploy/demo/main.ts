/**
 * `npm run demo`: a whole fleet on this machine, with certificates, daemons and web servers, until
 * Ctrl-C. With `--once` it ends after its story, and fails unless everything was as promised.
 * However it ends, nothing of it is left: no process, no file.
 */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { demoFleet, PORT_NUMBERS } from './files.ts';
import { Fleet, isBuilt } from './fleet.ts';
import { reservePorts } from './ports.ts';
import { invite, tell } from './story.ts';

const isOnce = process.argv.includes('--once');
const ending = new AbortController();
let interruption: NodeJS.Signals | null = null;
let failure: unknown = null;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => interrupt(signal));
}
process.stdout.on('error', () => interrupt('SIGPIPE'));
process.exitCode = await main();

async function main(): Promise<number> {
  if (!isBuilt()) {
    console.error('the programs are not built\n  fix: npm ci, or npm run build');
    return 1;
  }
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'fleetvisor-demo-'));
  try {
    return await play(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    console.log(`everything has stopped, and ${folder} is gone`);
  }
}

/** Returns the exit code. */
async function play(folder: string): Promise<number> {
  using block = await reservePorts(PORT_NUMBERS);
  const plan = demoFleet(block.firstPort);
  const fleet = new Fleet({ plan, folder, signal: ending.signal, onFailure: fail });
  let isTold = false;
  try {
    const items = await tell(fleet, plan, folder);
    isTold = true;
    if (!isOnce) {
      invite(plan, folder, items);
      await untilEnding();
    }
  } catch (error) {
    // What broke because of an interruption is only its echo.
    if (interruption === null) fail(error);
  } finally {
    console.log('\nstopping the agents, which stop their processes, and the controller …');
    await fleet.stop();
  }
  if (failure !== null) {
    console.error(`\nthe demo failed: ${failure instanceof Error ? failure.message : failure}`);
    for (const line of fleet.complaints()) console.error(`  ${line}`);
    return 1;
  }
  return interruption === null || isTold ? 0 : 128 + constants.signals[interruption];
}

/** Ctrl-C under npm arrives twice; the second changes nothing. */
function interrupt(signal: NodeJS.Signals): void {
  interruption ??= signal;
  ending.abort();
}

function fail(error: unknown): void {
  failure ??= error;
  ending.abort();
}

function untilEnding(): Promise<void> {
  return new Promise((resolve) => {
    if (ending.signal.aborted) resolve();
    else ending.signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
