/**
 * The system's log, by way of one logger(1) that lives as long as the agent: Node can open no
 * datagram socket of a path, and where that socket is, logger knows on every UNIX. It is started for
 * the first line, and again when it ends. What waits for it is bounded: where it is missing or does
 * not follow, lines are lost, counted and spoken of once; no program ever waits for it.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import type { Log } from '../../ports.ts';
import { SyslogLines } from './syslog-lines.ts';

/** What one stream of one process writes to the system's log. */
export interface SyslogStream {
  write(chunk: Uint8Array): void;
  /** The end of a run: a last line without a newline goes out too. */
  flush(): void;
}

export interface SyslogSink {
  /**
   * @param name begins each line
   * @param onLost told of so many bytes of output that did not get there
   */
  open(name: string, onLost?: (bytes: number) => void): SyslogStream;
}

export interface SyslogOptions {
  readonly log: Log;
  /** Under which name the lines are filed. */
  readonly tag?: string;
  readonly program?: string;
  /** After a failure; it doubles with each further one. */
  readonly restartMs?: number;
}

/** So that filters that were written for Supervisor's lines go on matching. */
const SUPERVISORS_TAG = 'supervisord';

const WAITING_MAX_BYTES = 262_144;
const RESTART_MS = 1_000;
const RESTART_MAX_MS = 60_000;
/** Who has lived that long did not fail at starting. */
const STABLE_MS = 60_000;
/** Of the reason that it gave on stderr. */
const REASON_LENGTH_MAX = 300;

/** BSD's and busybox's cut there by themselves, and the name would be missing from the rest. */
const LINE_BYTES_MAX = 900;
/** rsyslog's limit; util-linux has to be asked for more than 1 KiB. */
const UTIL_LINUX_LINE_BYTES_MAX = 8_192;

export function createSyslog(options: SyslogOptions): SyslogSink & Disposable {
  return new LoggerProgram(options);
}

class LoggerProgram implements SyslogSink, Disposable {
  readonly #log: Log;
  readonly #tag: string;
  readonly #program: string;
  readonly #restartMs: number;
  #lineBytesMax: number | null = null;
  #child: ChildProcess | null = null;
  #timer: NodeJS.Timeout | null = null;
  #failures = 0;
  #isDisposed = false;
  #waiting: { readonly bytes: Buffer; readonly lines: number }[] = [];
  #waitingBytes = 0;
  #lost = 0;

  constructor(options: SyslogOptions) {
    this.#log = options.log;
    this.#tag = options.tag ?? SUPERVISORS_TAG;
    this.#program = options.program ?? 'logger';
    this.#restartMs = options.restartMs ?? RESTART_MS;
  }

  open(name: string, onLost: (bytes: number) => void = () => undefined): SyslogStream {
    this.#lineBytesMax ??= takesSize(this.#program) ? UTIL_LINUX_LINE_BYTES_MAX : LINE_BYTES_MAX;
    const lines = new SyslogLines(name, this.#lineBytesMax);
    /** Of output whose line is not complete, or not sent. */
    let pendingBytes = 0;
    const send = (complete: readonly string[]): void => {
      const sentBytes = pendingBytes - lines.keptBytes;
      pendingBytes = lines.keptBytes;
      if (!this.#send(complete)) onLost(sentBytes);
    };
    return {
      write: (chunk) => {
        pendingBytes += chunk.length;
        send(lines.take(chunk));
      },
      flush: () => send(lines.end()),
    };
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    // It reads what is in its pipe to the end, also after us.
    this.#child?.stdin?.end();
  }

  /** @returns false where they are lost */
  #send(lines: readonly string[]): boolean {
    if (lines.length === 0) return true;
    if (this.#isDisposed) return false;
    const bytes = Buffer.from(`${lines.join('\n')}\n`, 'latin1');
    if (this.#waitingBytes > 0 && this.#waitingBytes + bytes.length > WAITING_MAX_BYTES) {
      if (this.#lost === 0) this.#log.warn({}, 'the system log does not follow; lines are lost');
      this.#lost += lines.length;
      return false;
    }
    this.#waiting.push({ bytes, lines: lines.length });
    this.#waitingBytes += bytes.length;
    if (this.#child === null && this.#timer === null) this.#start();
    this.#pass();
    return true;
  }

  /** As much as the pipe takes; the rest waits here, where it can be counted. */
  #pass(): void {
    const stdin = this.#child?.stdin;
    while (stdin?.writable && !stdin.writableNeedDrain) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      this.#waitingBytes -= next.bytes.length;
      stdin.write(next.bytes);
    }
    if (this.#waiting.length > 0 || this.#lost === 0) return;
    this.#log.warn({ lines: this.#lost }, 'lines for the system log were lost');
    this.#lost = 0;
  }

  #start(): void {
    const size = this.#lineBytesMax === UTIL_LINUX_LINE_BYTES_MAX ? ['-S', '16384'] : [];
    // In a session of its own: a Ctrl-C at a terminal must not take the last words away.
    const child = spawn(this.#program, [...size, '-t', this.#tag, '-p', 'user.info'], {
      stdio: ['pipe', 'ignore', 'pipe'],
      detached: true,
    });
    const startedAtMs = performance.now();
    this.#child = child;
    let reason = '';
    child.unref();
    for (const stream of [child.stdin, child.stderr]) {
      stream?.on('error', () => undefined);
      (stream as { unref?: () => void } | null)?.unref?.();
    }
    child.stdin?.on('drain', () => this.#pass());
    child.stderr?.on('data', (text: Buffer) => {
      reason = (reason + text.toString()).slice(-REASON_LENGTH_MAX);
    });
    child.once('error', (error) => this.#ended(child, error.message));
    child.once('close', (code, signal) => {
      if (performance.now() - startedAtMs > STABLE_MS) this.#failures = 0;
      this.#ended(child, `${reason}(${signal ?? code})`);
    });
  }

  #ended(child: ChildProcess, why: string): void {
    if (this.#child !== child || this.#isDisposed) return;
    this.#child = null;
    if (this.#failures === 0) {
      this.#log.warn(
        { why },
        `${this.#program} has ended; what goes to the system log may be lost`,
      );
    }
    const delayMs = Math.min(this.#restartMs * 2 ** this.#failures, RESTART_MAX_MS);
    this.#failures += 1;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#start();
      this.#pass();
    }, delayMs).unref();
  }
}

/** Only util-linux's logger has `-S`, and says whose it is. */
function takesSize(program: string): boolean {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8', timeout: 1_000 });
  return stdout?.includes('util-linux') ?? false;
}
