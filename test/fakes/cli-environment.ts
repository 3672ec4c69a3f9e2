/** fleetctl's world without terminal, clock or network: time passes only when somebody sleeps. */
import type { ControlClient, Environment } from '../../cli/ports.ts';

export interface FakeWorld {
  readonly environment: Environment;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Everything that was asked, with the answers of `answers` in turn. */
  readonly questions: string[];
  readonly pressInterrupt: () => void;
  readonly sleptMs: () => number;
}

export const FAKE_NOW_MS = Date.UTC(2026, 10, 22, 12, 0, 0);

export function fakeWorld(
  dial: Environment['dial'] | ControlClient,
  { answers }: { readonly answers?: readonly (string | null)[] } = {},
): FakeWorld {
  const written = { stdout: '', stderr: '' };
  const questions: string[] = [];
  let sleptMs = 0;
  let interrupt: (() => void) | null = null;
  const output = (name: keyof typeof written) => ({
    write: (text: string) => {
      written[name] += text;
    },
    colours: false,
  });
  return {
    environment: {
      stdout: output('stdout'),
      stderr: output('stderr'),
      clock: {
        nowMs: () => FAKE_NOW_MS + sleptMs,
        monotonicMs: () => sleptMs,
        sleep: async (durationMs, signal) => {
          signal.throwIfAborted();
          sleptMs += durationMs;
        },
      },
      randomBytes: (count) => new Uint8Array(count).fill(0xab),
      ask:
        answers === undefined
          ? null
          : async (question) => answers[questions.push(question) - 1] ?? null,
      onInterrupt: (callback) => {
        interrupt = callback;
        return {
          [Symbol.dispose]: () => {
            interrupt = null;
          },
        };
      },
      dial: typeof dial === 'function' ? dial : async () => dial,
    },
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    questions,
    pressInterrupt: () => interrupt?.(),
    sleptMs: () => sleptMs,
  };
}
