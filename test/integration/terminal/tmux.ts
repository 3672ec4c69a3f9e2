/**
 * A real terminal to look at: a shell in a tmux of its own, typed into and read as a person does.
 * What is waited for is always something on the screen, never a time.
 *
 * Without tmux these tests fail, and say how to install it: a view that nobody looked at is not
 * tested, and a test that is left out looks like one that passed.
 */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually, type WaitOptions } from '../fleet/wait.ts';

export interface TerminalOptions {
  readonly columns: number;
  readonly rows: number;
  /** All there is, beside what tmux adds. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where the shell starts, and where tmux keeps its socket. */
  readonly directory: string;
}

/** What a person sees at one moment. */
export interface Sight {
  /** As many as the screen has, from its top; blanks at their ends left out. */
  readonly rows: readonly string[];
  /** What has left the screen at its top, oldest first. */
  readonly history: readonly string[];
  readonly cursor: { readonly row: number; readonly column: number; readonly isVisible: boolean };
}

/** What `ENV` names, an interactive POSIX shell reads (XCU sh). */
const SHELL_PROFILE = 'shell-profile';
/** `$?` in the prompt, so that the screen tells the exit code, too. */
const PROMPT = /^\[(\d+)\] \$/;
const INSTALL =
  'these tests look at fleetctl on a terminal and need tmux: ' +
  'apt-get install tmux, dnf install tmux, apk add tmux or brew install tmux';

const run = promisify(execFile);
let opened = 0;

export class Terminal implements AsyncDisposable {
  readonly #socket: string;
  readonly #options: TerminalOptions;

  private constructor(socket: string, options: TerminalOptions) {
    this.#socket = socket;
    this.#options = options;
  }

  /** Resolves when the shell has prompted. @throws Error where there is no tmux */
  static async open(options: TerminalOptions): Promise<Terminal> {
    opened += 1;
    const terminal = new Terminal(`fleetvisor-test-${process.pid}-${opened}`, options);
    const { columns, rows, directory } = options;
    writeFileSync(join(directory, SHELL_PROFILE), `PS1='[$?] $ '\n`);
    await terminal.#tmux(
      ...['new-session', '-d', '-x', `${columns}`, '-y', `${rows}`, 'exec sh -i', ';'],
      // Else its own line of status takes a row, and a client of another size the rest.
      ...['set-option', '-g', 'status', 'off', ';'],
      // As terminals do that let programs copy.
      ...['set-option', '-s', 'set-clipboard', 'on', ';'],
      ...['set-option', '-g', 'window-size', 'manual'],
    );
    await terminal.until('the shell prompts', ({ rows: [first = ''] }) => PROMPT.test(first));
    return terminal;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tmux('kill-server').catch(() => undefined);
  }

  /** A command and Enter; resolves when the cursor has left the prompt, so that a next one is new. */
  async run(command: string): Promise<void> {
    const lineOf = ({ history, cursor }: Sight) => history.length + cursor.row;
    const prompt = lineOf(await this.look());
    await this.#tmux('send-keys', '-l', command, ';', 'send-keys', 'Enter');
    await this.until(`the shell takes ${command}`, (sight) => lineOf(sight) > prompt);
  }

  /** By tmux' names, such as `C-c` and `Enter`; in one go. */
  async press(...keys: readonly string[]): Promise<void> {
    await this.#tmux('send-keys', ...keys);
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux('resize-window', '-x', `${columns}`, '-y', `${rows}`);
  }

  /** What scrolled away and what is shown, each line whole, however many rows it takes. */
  async lines(): Promise<readonly string[]> {
    const text = await this.#tmux('capture-pane', '-p', '-J', '-S', '-');
    return text
      .trimEnd()
      .split('\n')
      .map((line) => line.trimEnd());
  }

  /** From now on all that programs write goes to this file, too, byte for byte. */
  async record(path: string): Promise<void> {
    await this.#tmux('pipe-pane', '-O', `exec cat >> '${path}'`);
  }

  /** The shell; what it has started are its children. */
  async shellPid(): Promise<number> {
    return Number(await this.#tmux('display-message', '-p', '#{pane_pid}'));
  }

  /** What a program can change without anybody seeing it: the title, and what Paste would insert. */
  async unseen(): Promise<{ readonly title: string; readonly copied: string }> {
    const title = await this.#tmux('display-message', '-p', '#{pane_title}');
    const copied = await this.#tmux('list-buffers', '-F', '#{buffer_sample}');
    return { title: title.trimEnd(), copied: copied.trimEnd() };
  }

  /** All of one moment, since tmux reads nothing from the program in between. */
  async look(): Promise<Sight> {
    const cursor = '#{cursor_y} #{cursor_x} #{cursor_flag} #{history_size}';
    const text = await this.#tmux(
      ...['display-message', '-p', cursor, ';'],
      ...['capture-pane', '-p', '-S', '-'],
    );
    const [head = '', ...lines] = text.split('\n');
    const [row = 0, column = 0, flag, historyRows = 0] = head.split(' ').map(Number);
    const all = lines.slice(0, -1).map((line) => line.trimEnd());
    return {
      history: all.slice(0, historyRows),
      rows: all.slice(historyRows),
      cursor: { row, column, isVisible: flag === 1 },
    };
  }

  /** Waits for what a person would wait for. */
  async until(
    what: string,
    isThere: (sight: Sight) => boolean,
    options: WaitOptions = {},
  ): Promise<Sight> {
    let seen: Sight | undefined;
    return eventually(
      what,
      async () => {
        seen = await this.look();
        return isThere(seen) && seen;
      },
      { explain: () => `last seen:\n${seen === undefined ? 'nothing' : drawn(seen)}`, ...options },
    );
  }

  /** Waits for the prompt after a command; the sight, and the command's exit code. */
  async ended(options: WaitOptions = {}): Promise<Sight & { readonly exitCode: number }> {
    const sight = await this.until('the shell prompts again', isPrompting, options);
    return { ...sight, exitCode: Number(PROMPT.exec(promptOf(sight))?.[1]) };
  }

  async #tmux(...words: readonly string[]): Promise<string> {
    const { directory, environment } = this.#options;
    const server = ['-u', '-f', '/dev/null', '-L', this.#socket];
    try {
      const { stdout } = await run('tmux', [...server, ...words], {
        cwd: directory,
        env: {
          ...{
            TERM: 'xterm-256color',
            TMUX_TMPDIR: directory,
            ENV: join(directory, SHELL_PROFILE),
          },
          ...environment,
        },
        maxBuffer: 64 * 1_048_576,
      });
      return stdout;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new Error(INSTALL);
      throw error;
    }
  }
}

/** The shell waits: its prompt, and nothing typed behind it yet. */
function isPrompting(sight: Sight): boolean {
  const prompt = promptOf(sight);
  return PROMPT.test(prompt) && sight.cursor.column === prompt.length + 1;
}

function promptOf({ rows, cursor }: Sight): string {
  return rows[cursor.row] ?? '';
}

/** For messages: what scrolled away, a line, the screen. */
export function drawn({ history, rows, cursor }: Sight): string {
  const edge = '─'.repeat(79);
  const where = `cursor in row ${cursor.row}, ${cursor.isVisible ? '' : 'in'}visible`;
  return [...history.slice(-20), edge, ...rows, edge, where].join('\n');
}
