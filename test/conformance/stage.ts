/**
 * One row on one side: a directory of its own with the configuration, the daemon, the commands that
 * are given to it, and the facts that come of them. Nothing of it is left behind.
 */
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runCommand } from './command.ts';
import { Daemon } from './daemon.ts';
import { factsOfChanges, factsOfOrder } from './facts.ts';
import { type Launch, launchByNode } from './launch.ts';
import { endLeftovers, MARK } from './leftovers.ts';
import { normalise, normalisePids } from './normalise.ts';
import type { Change, ControlMode, Fact, Observation, Row } from './row.ts';
import { CONTROL_CONFIG, DAEMON_OUTPUT, RECORD, readText, type Side } from './side.ts';

export interface StageOptions {
  readonly side: Side;
  readonly row: Row;
  /** An empty one that everybody may enter. */
  readonly directory: string;
  readonly probes: string;
  /** What every daemon and command gets, besides what is different for each stage. */
  readonly environment: Readonly<Record<string, string>>;
}

const CONFIG = 'supervisord.conf';

const launchShell = launchByNode(['sh']);

/** supervisorctl needs a good part of a second to start, more on a busy machine. */
const INTERRUPT_MS = 3_000;

export class Stage implements AsyncDisposable {
  readonly directory: string;
  readonly #options: StageOptions;
  readonly #facts: Fact[] = [];
  readonly #commands: Promise<void>[] = [];
  readonly #daemons: Daemon[] = [];
  #commandCount = 0;

  constructor(options: StageOptions) {
    this.#options = options;
    this.directory = options.directory;
    for (const [name, mode] of [
      ['', 0o755],
      ['auto', 0o755],
      ['shared', 0o777],
    ] as const) {
      mkdirSync(join(this.directory, name), { recursive: true });
      chmodSync(join(this.directory, name), mode);
    }
    for (const [path, text] of Object.entries(options.row.files ?? {})) this.write(path, text);
    this.configure(options.row.conf);
    this.write(CONTROL_CONFIG, CONTROL_SECTIONS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const daemon of this.#daemons) daemon[Symbol.dispose]();
    await endLeftovers(this.directory);
    await Promise.allSettled(this.#commands);
  }

  /** Below `{dir}`; `{dir}` and `{probes}` in the text are filled in. */
  write(path: string, text: string): void {
    const target = join(this.directory, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, this.fill(text));
    if (text.startsWith('#!')) chmodSync(target, 0o755);
  }

  configure(sections: string): void {
    this.write(CONFIG, `${HEAD}${sections}\n`);
  }

  /** Starts a daemon that is then the one that steps talk to. */
  async startDaemon(): Promise<void> {
    const daemon = await this.#spawnDaemon();
    const outcome = await daemon.becomesReady(join(this.directory, this.#options.side.socket));
    this.add('daemon starts', outcome);
  }

  /** Beside the one that runs, with the same configuration. */
  async secondDaemon(limitMs: number): Promise<void> {
    const first = this.daemon;
    const second = await this.#spawnDaemon();
    this.add('second daemon', await second.ends(limitMs));
    second[Symbol.dispose]();
    this.#daemons.push(first);
  }

  /** How it ends is a fact, and, if wanted, how long that takes. */
  async daemonEnds(limitMs: number, isTimed: boolean): Promise<void> {
    const startMs = performance.now();
    this.add('daemon ends', await this.daemon.ends(limitMs));
    if (!isTimed) return;
    const seconds = (performance.now() - startMs) / 1_000;
    this.#facts.push({ kind: 'seconds', name: 'daemon ends after', values: [seconds] });
  }

  async #spawnDaemon(): Promise<Daemon> {
    const { side } = this.#options;
    const configPath = join(this.directory, CONFIG);
    const env = this.#environment();
    const daemon = await Daemon.start({ side, configPath, directory: this.directory, env });
    this.#daemons.push(daemon);
    return daemon;
  }

  get daemon(): Daemon {
    const daemon = this.#daemons.at(-1);
    if (daemon === undefined) throw new Error('no daemon was started');
    return daemon;
  }

  changes(): readonly Change[] {
    return this.#options.side.readChanges(this.directory);
  }

  pidOf(process: string): number | null {
    const known = this.changes().filter((change) => change.process === process && change.pid);
    return known.at(-1)?.pid ?? null;
  }

  /** Its exit code and what it printed are a fact. */
  async control(words: string, mode: ControlMode): Promise<void> {
    const { side } = this.#options;
    const args = this.fill(words)
      .split(' ')
      .filter((word) => word !== '');
    const interruptAfterMs = mode === 'interrupt' ? INTERRUPT_MS : null;
    const all = [...side.controlArguments(this.directory), ...args];
    const ended = this.#run(side.launchControl, all, interruptAfterMs);
    const finish = async () => {
      const { ending, stdout } = await ended;
      const normal = normalise(stdout, this.directory);
      const output = args[0] === 'pid' ? normalisePids(normal) : normal;
      const shown = shownOutput(output, mode);
      const fact = mode === 'background' ? `$ ${words} &` : `$ ${words}`;
      this.add(fact, `${ending}${lines(shown)}`);
    };
    if (mode === 'background') this.#commands.push(finish());
    else await finish();
  }

  async shell(command: string, fact: string | null): Promise<void> {
    const { stdout, stderr } = await this.#run(launchShell, ['-c', this.fill(command)], null);
    if (fact !== null) this.add(fact, normalise(`${stdout}${stderr}`, this.directory));
  }

  #run(launch: Launch, args: readonly string[], interruptAfterMs: number | null) {
    const name = `command-${++this.#commandCount}`;
    const env = this.#environment();
    return runCommand(launch, { args, cwd: this.directory, env, interruptAfterMs, name });
  }

  #environment(): Readonly<Record<string, string>> {
    return {
      ...this.#options.environment,
      HOME: this.directory,
      CONFORMANCE_RECORD: join(this.directory, RECORD),
      [MARK]: this.directory,
    };
  }

  fill(text: string): string {
    const { side } = this.#options;
    return text
      .replaceAll('{program}', side.program)
      .replaceAll('{control}', [side.control, ...side.controlArguments(this.directory)].join(' '))
      .replaceAll('{dir}', this.directory)
      .replaceAll('{probes}', this.#options.probes)
      .replaceAll('{daemon}', () => String(this.daemon.pid))
      .replaceAll(/\{pid:([^}]+)\}/g, (_, name: string) => String(this.pidOf(name) ?? 0));
  }

  readFile(path: string): string {
    return readText(join(this.directory, path));
  }

  /** What a daemon that refuses to start says is on stdout or stderr. */
  complaint(): string {
    const said = [DAEMON_OUTPUT.stdout, DAEMON_OUTPUT.stderr].map((name) => this.readFile(name));
    return normalise(said.join(''), this.directory);
  }

  /** A fact of a name that there is already gets a number. */
  add(name: string, value: string): void {
    const same = this.#facts.filter((fact) => fact.name.replace(/ #\d+$/, '') === name).length;
    this.#facts.push({
      kind: 'text',
      name: same === 0 ? name : `${name} #${same + 1}`,
      value: value.trim(),
    });
  }

  /** Waits for what is still going on, then looks at everything. */
  async facts(): Promise<readonly Fact[]> {
    await Promise.all(this.#commands);
    for (const observation of this.#options.row.observe ?? []) this.#look(observation);
    return [...this.#facts, ...factsOfChanges(this.changes(), this.directory)];
  }

  #look(observation: Observation): void {
    switch (observation.look) {
      case 'file': {
        const path = join(this.directory, this.fill(observation.path));
        const text = existsSync(path) ? readText(path) : '(missing)';
        return this.add(`file ${observation.path}`, normalise(text, this.directory));
      }
      case 'names': {
        const path = join(this.directory, observation.path);
        return this.add(`names in ${observation.path}`, readdirSync(path).sort().join(' '));
      }
      case 'order':
        this.#facts.push(...factsOfOrder(this.changes(), observation.state));
        return;
      case 'ever': {
        const { process, state } = observation;
        const wasSo = this.changes().some((one) => one.process === process && one.state === state);
        return this.add(`${process} ever ${state}`, wasSo ? 'yes' : 'no');
      }
    }
  }
}

const lines = (output: string): string => (output === '' ? '' : `\n${output}`);

function shownOutput(output: string, mode: ControlMode): string {
  if (mode === 'exit code') return '';
  if (mode === 'any order') return output.split('\n').sort().join('\n');
  if (mode === 'brief') return output === '' ? '' : '(something)';
  return mode === 'first line' ? (output.split('\n')[0] ?? '') : output;
}

const HEAD = `[supervisord]
nodaemon = true
logfile = {dir}/supervisord.log
pidfile = {dir}/supervisord.pid
childlogdir = {dir}/auto
[unix_http_server]
file = {dir}/supervisor.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = recorder:make_supervisor
[rpcinterface:recorder]
supervisor.rpcinterface_factory = recorder:make
[agent]
state_dir = {dir}/state
socket = {dir}/agent.sock
`;

const CONTROL_SECTIONS = `[supervisorctl]
serverurl = unix://{dir}/supervisor.sock
`;
