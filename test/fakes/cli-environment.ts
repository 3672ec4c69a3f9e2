/** fleetctl's world without terminal, clock or network. */
import type { OwnFiles, SignIn } from '../../cli/identity/ports.ts';
import type {
  ControlClient,
  Environment,
  SavedOperation,
  SavedOperations,
  Terminal,
} from '../../cli/ports.ts';
import { FleetError, refusal } from '../../proto/errors.ts';
import { type FakeClock, fakeClock } from './cli-clock.ts';

export const FAKE_NOW_MS = Date.UTC(2026, 10, 22, 12, 0, 0);

export interface FakeWorld extends Pick<FakeClock, 'pass'> {
  readonly environment: Environment;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Everything that was asked, with the answers of `answers` in turn. */
  readonly questions: string[];
  readonly pressInterrupt: () => void;
  readonly sleptMs: () => number;
  /** In the order in which they were saved, without those that were taken back. */
  readonly saved: SavedOperation[];
  /** What lies where, by path; `files` of the surroundings are there from the beginning. */
  readonly files: ReadonlyMap<string, string>;
  /** Only with a screen. */
  readonly resize: (size: ScreenSize) => void;
}

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

export interface Surroundings {
  readonly answers?: readonly (string | null)[];
  /** None: stdout is no terminal. */
  readonly screen?: ScreenSize;
  /** What can be read, by path; `-` is standard input. */
  readonly files?: Readonly<Record<string, string>>;
  /** What was saved before; or why nothing can be. */
  readonly savedBefore?: readonly SavedOperation[] | FleetError;
  readonly signIn?: SignIn;
  /** Why no file of one's own can be written. */
  readonly unwritable?: FleetError;
}

export function fakeWorld(
  dial: Environment['dial'] | ControlClient,
  { answers, screen, files = {}, savedBefore = [], signIn, unwritable }: Surroundings = {},
): FakeWorld {
  const written = { stdout: '', stderr: '' };
  const questions: string[] = [];
  const kept = new Map(Object.entries(files));
  const saved = savedBefore instanceof FleetError ? [] : [...savedBefore];
  const time = fakeClock(FAKE_NOW_MS);
  const fakeScreen = screen === undefined ? null : fakeTerminal(screen);
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
      terminal: fakeScreen?.terminal ?? null,
      readText: async (path) => {
        const text = kept.get(path ?? '-');
        if (text === undefined) {
          throw new FleetError(refusal('usage', `${path ?? 'standard input'} cannot be read`));
        }
        return text;
      },
      clock: time.clock,
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
      dialLocal: async () => {
        throw new Error('this command line has nothing to do with the local agent');
      },
      logOutput: {
        write: async (bytes) => {
          written.stdout += Buffer.from(bytes).toString('latin1');
        },
        isTerminal: fakeScreen !== null,
      },
      ownFiles: fakeOwnFiles(kept, unwritable ?? null),
      signIn: async () => {
        if (signIn === undefined) throw new Error('this command line does not sign in');
        return signIn;
      },
      savedOperations: fakeSaved(saved, savedBefore instanceof FleetError ? savedBefore : null),
    },
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    questions,
    files: kept,
    saved,
    pressInterrupt: () => interrupt?.(),
    sleptMs: time.passedMs,
    pass: time.pass,
    resize: (size) => fakeScreen?.resize(size),
  };
}

function fakeOwnFiles(kept: Map<string, string>, unwritable: FleetError | null): OwnFiles {
  const unlessThere = (path: string) => {
    if (kept.has(path)) throw new FleetError(refusal('wrong-state', `${path} is there already`));
  };
  return {
    read: async (path) => kept.get(path) ?? null,
    create: async (path, text) => {
      if (unwritable !== null) throw unwritable;
      unlessThere(path);
      kept.set(path, text);
    },
    replace: async (path, text) => {
      kept.set(path, text);
    },
    move: async (from, to) => {
      unlessThere(to);
      kept.set(to, kept.get(from) ?? '');
      kept.delete(from);
    },
    remove: async (path) => {
      kept.delete(path);
    },
  };
}

function fakeSaved(saved: SavedOperation[], failure: FleetError | null): SavedOperations {
  return {
    save: async (operation) => {
      if (failure !== null) throw failure;
      saved.push(operation);
    },
    forget: async (forgotten) => {
      const at = saved.findIndex(({ id }) => id === forgotten);
      if (at >= 0) saved.splice(at, 1);
    },
    last: async (wanted) => saved.findLast(({ controller }) => controller === wanted)?.id ?? null,
  };
}

function fakeTerminal(initial: ScreenSize) {
  const listeners = new Set<() => void>();
  let size = initial;
  const terminal: Terminal = {
    columns: () => size.columns,
    rows: () => size.rows,
    onResize: (callback) => {
      listeners.add(callback);
      return { [Symbol.dispose]: () => void listeners.delete(callback) };
    },
    onResume: () => ({ [Symbol.dispose]: () => {} }),
  };
  const resize = (changed: ScreenSize) => {
    size = changed;
    for (const listener of listeners) listener();
  };
  return { terminal, resize };
}
