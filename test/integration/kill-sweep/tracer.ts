/**
 * Kills a program as it is about to make its n-th write durable: strace(1) is asked before each such
 * call. It looks at the main thread alone, which is where the daemons use SQLite; their keepers and
 * programs are left alone.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';

/** The SQLite of better-sqlite3 uses `fsync`; another build of it, the other. strace counts each. */
const CALLS = 'fsync,fdatasync';

export interface Trace {
  /** How often it has made something durable while it was looked at. */
  syncs(): number;
  /** Resolves when the program is on its own again, or is no more. */
  detach(): Promise<void>;
}

export interface TraceOptions {
  readonly pid: number;
  /** A file for strace's own notes, which is written anew. */
  readonly notes: string;
  /** At which call, from 1; null: it is looked at, and lives. */
  readonly killAt: number | null;
}

/** Resolves when no call is missed any more; rejects where the kernel or the machine says no. */
export async function trace({ pid, notes, killAt }: TraceOptions): Promise<Trace> {
  const kill = killAt === null ? [] : ['-e', `inject=${CALLS}:signal=KILL:when=${killAt}`];
  const words = ['-o', notes, '-e', `trace=${CALLS}`, '-e', 'signal=none', ...kill, '-p', `${pid}`];
  const strace = spawn('strace', words, { stdio: ['ignore', 'ignore', 'pipe'] });
  await new Promise<void>((resolve, reject) => {
    let said = '';
    strace.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (/ attached$/m.test(said)) resolve();
    });
    strace.once('error', reject);
    strace.once('close', () => reject(new Error(`strace ended: ${said.trim()}`)));
  });
  return {
    syncs: () =>
      (existsSync(notes) ? readFileSync(notes, 'utf8').match(/sync\(/g)?.length : 0) ?? 0,
    async detach() {
      if (strace.exitCode !== null || strace.signalCode !== null) return;
      const ended = once(strace, 'exit');
      strace.kill('SIGTERM');
      await ended;
    },
  };
}

/** Why no program can be looked at so, in words; null: one can. */
export async function whyUntraceable(): Promise<string | null> {
  const other = spawn('sleep', ['60'], { stdio: 'ignore' });
  try {
    await once(other, 'spawn');
    const looking = await trace({ pid: other.pid ?? 0, notes: '/dev/null', killAt: null });
    await looking.detach();
    return null;
  } catch (error) {
    return `strace(1) cannot look at other programs here: ${error instanceof Error ? error.message : error}`;
  } finally {
    other.kill();
  }
}
