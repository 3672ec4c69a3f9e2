/**
 * One program under test as a child process: its output gathered, its log parsed, its end awaited.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { sendSignal } from './processes.ts';

interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One line of a daemon's log; `level` as in pino: 30 info, 40 warn, 50 error. */
export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface Daemon {
  readonly name: string;
  readonly pid: number;
  /** Rejects, with its last output, where it does not end in time. */
  ended(): Promise<Ending>;
  hasEnded(): boolean;
  stdout(): string;
  stderr(): string;
  /** Lines of stderr that are JSON. */
  log(): readonly LogLine[];
  signal(signal: NodeJS.Signals): void;
  /** Sends the signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<Ending>;
}

export interface StartOptions {
  readonly name: string;
  /** The script to run with this Node, and its arguments. */
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly directory: string;
}

/** Longer than anything waits here that ends at all. */
const END_WITHIN_MS = 40_000;

/** Nothing of the test's own environment reaches it; one descriptor that it did not ask for does. */
/** Handed to each program, so that a test can tell whether it is passed on. */
const unasked = openSync('/dev/null', 'r');

export function startProgram({ name, words, env, directory }: StartOptions): Daemon {
  const child = spawn(process.execPath, words, {
    cwd: directory,
    env,
    stdio: ['ignore', 'pipe', 'pipe', unasked],
  }) as ChildProcessByStdio<null, Readable, Readable>;
  let stdout = '';
  let stderr = '';
  let hasEnded = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const closed = new Promise<Ending>((resolve, reject) => {
    child.once('error', reject);
    // `close`, not `exit`: only then all of its output is here.
    child.once('close', (code, signal) => {
      hasEnded = true;
      resolve({ code, signal });
    });
  });
  const ended = async (): Promise<Ending> => {
    const inTime = new AbortController();
    const tooLate = delay(END_WITHIN_MS, null, { signal: inTime.signal }).catch(() => null);
    const ending = await Promise.race([closed, tooLate]);
    inTime.abort();
    if (ending !== null) return ending;
    throw new Error(`${name} did not end within ${END_WITHIN_MS} ms:\n${stdout}${stderr}`);
  };
  const pid = child.pid ?? 0;
  const signal = (wanted: NodeJS.Signals): void => {
    if (!hasEnded) sendSignal(pid, wanted);
  };
  return {
    name,
    pid,
    ended,
    hasEnded: () => hasEnded,
    stdout: () => stdout,
    stderr: () => stderr,
    log: () => parseLog(stderr),
    signal,
    end: (wanted) => {
      signal(wanted);
      return ended();
    },
  };
}

function parseLog(text: string): readonly LogLine[] {
  return text.split('\n').flatMap((line) => {
    if (!line.startsWith('{')) return [];
    try {
      return [JSON.parse(line) as LogLine];
    } catch {
      return [];
    }
  });
}
