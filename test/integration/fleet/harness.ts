/**
 * A whole fleet on this machine for one test file: a folder, certificates, a controller, agents and
 * fleetctl, all of them the real bundled programs over real sockets. Whatever a test leaves behind
 * is killed and removed at its end, also where it failed.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectControl } from '../../../cli/client.ts';
import type { ControlClient } from '../../../cli/ports.ts';
import { createOperationSoFar } from '../../../cli/watch/operation-so-far.ts';
import type { Operation, OperationRequest } from '../../../proto/operation.ts';
import { makeOperationId, OPERATION_ID_RANDOM_BYTES } from '../../../proto/operation-id.ts';
import { keptDatabase } from '../../../proto/sqlite.ts';
import { DEFAULT_STRATEGY } from '../../../proto/strategy.ts';
import { channelCredentials } from '../../../proto/tls.ts';
import type { HostProcess, OperationId } from '../../../proto/vocabulary.ts';
import { agentConf, controllerConf, fleetctlConf } from './config-files.ts';
import { type Daemon, startProgram } from './daemon.ts';
import { freePort } from './free-port.ts';
import { type Pki, readCredentials, sharedPki, type Wanted } from './pki.ts';
import { environmentOf, killAllOf, MARK, processesOf, type SeenProcess } from './processes.ts';
import { copyPrograms, type Programs } from './programs.ts';
import { eventually, type WaitOptions } from './wait.ts';

const OPERATOR = 'alice';
const OPERATION_MAX_MS = 25_000;
const LOG_TAIL_LINES = 12;
/** In the environment of an agent and of all that it starts. */
const HOST_MARK = 'FLEETVISOR_TEST_HOST';

export interface FleetOptions {
  /** Further lines of the `[controller]` section. */
  readonly controller?: string;
  readonly operators?: readonly string[];
  /** Under which names the controller's certificate lets it be dialled. */
  readonly controllerSan?: string;
}

export interface FleetctlResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What `-o json` printed. */
  json<Document>(): Document;
}

/** The part of `Operation` (`-o json`) that the tests look at. */
export interface OperationDocument {
  readonly id: string;
  readonly state: string;
  readonly waves: readonly {
    readonly action: string;
    readonly priority: number;
    readonly targets: number;
  }[];
  readonly targets: readonly {
    readonly host: string;
    readonly process: string;
    readonly wave: number;
    readonly state: string;
    readonly stopped: boolean;
    readonly overdue: boolean;
    readonly oldPid: number | null;
    readonly newPid: number | null;
    readonly error: string | null;
    readonly note: string | null;
    readonly logTail: readonly string[];
  }[];
}

/** The part of `ProcessList` that the tests look at. */
export interface ProcessListDocument {
  readonly items: readonly {
    readonly host: string;
    readonly process: string;
    readonly state: string;
    readonly pid: number | null;
    readonly exitCode: number | null;
    readonly exitSignal: string | null;
    readonly restarts: number;
    readonly lastError: string | null;
    readonly nextTryAt: string | null;
  }[];
}

export interface AgentOptions {
  /** `[program:x]` and other sections. */
  readonly programs: string;
  /** Whose name is in its certificate, where that is not the host's own. */
  readonly certificate?: Wanted;
  readonly env?: Readonly<Record<string, string>>;
  /** Where it dials; the controller's own port, unless something stands in between. */
  readonly port?: number;
}

// grpc-js names the controller by address, of which Node warns; that would drown real trouble.
process.noDeprecation = true;

/** For `before`; it is disposed of in `after`, and at the latest when the test file ends. */
export async function createFleet(options: FleetOptions = {}): Promise<Fleet> {
  const folder = mkdtempSync(join(tmpdir(), 'fleetvisor-'));
  process.once('exit', () => removeAll(folder));
  // The runner ends a file that takes too long, and people end the runner.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  const programs = copyPrograms(join(folder, 'programs'));
  const pki = await sharedPki(join(folder, 'pki'), 'test');
  return new Fleet({ folder, programs, pki, port: await freePort(), options });
}

function removeAll(folder: string): void {
  killAllOf(folder);
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}

interface FleetParts {
  readonly folder: string;
  readonly programs: Programs;
  readonly pki: Pki;
  readonly port: number;
  readonly options: FleetOptions;
}

export class Fleet implements Disposable {
  readonly folder: string;
  readonly port: number;
  readonly pki: Pki;
  readonly #programs: Programs;
  readonly #options: FleetOptions;
  readonly #started: Daemon[] = [];
  #client: Promise<ControlClient> | null = null;

  constructor({ folder, programs, pki, port, options }: FleetParts) {
    this.folder = folder;
    this.port = port;
    this.pki = pki;
    this.#programs = programs;
    this.#options = options;
  }

  path(...names: readonly string[]): string {
    return join(this.folder, ...names);
  }

  /** Text of a file that a program under test may not have written yet. */
  read(...names: readonly string[]): string {
    const path = this.path(...names);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  lines(...names: readonly string[]): readonly string[] {
    return this.read(...names)
      .split('\n')
      .filter((line) => line !== '');
  }

  /** How many lines it has, once they are so many: a program writes a little after it is up. */
  async lineCount(least: number, ...names: readonly string[]): Promise<number> {
    const count = () => this.lines(...names).length;
    await this.until(`${least} lines in ${names.join('/')}`, () => count() >= least);
    return count();
  }

  write(name: string, text: string): string {
    const path = this.path(name);
    writeFileSync(path, text);
    return path;
  }

  /** A program for a host to run; the file is executable, its path comes back. */
  script(name: string, text: string): string {
    const path = this.path(name);
    writeFileSync(path, `#!/bin/sh\n${text}`, { mode: 0o755 });
    return path;
  }

  /** Resolves when it serves. */
  async startController(): Promise<Daemon> {
    const { controllerSan: san } = this.#options;
    const wanted = { kind: 'controller', name: 'ops', ...(san && { san }) } as const;
    const certificate = await this.pki.issue(wanted);
    const operators = this.#options.operators ?? [OPERATOR];
    const text = controllerConf(
      { folder: this.folder, name: 'controller', certificate },
      { listen: `127.0.0.1:${this.port}`, operators, more: this.#options.controller ?? '' },
    );
    const conf = this.write('controller.conf', text);
    const controller = this.runController(['-c', conf]);
    await this.until('the controller serves', () => hasLogged(controller, 'serving'));
    return controller;
  }

  /** Resolves when it supervises; whether it has a session is another question. */
  async startAgent(host: string, options: AgentOptions): Promise<Daemon> {
    const agent = this.runAgent(['-c', await this.writeAgentConf(host, options)], {
      name: host,
      env: options.env ?? {},
    });
    await this.until(`the agent of ${host} supervises`, () => hasLogged(agent, 'supervising'));
    return agent;
  }

  async writeAgentConf(host: string, options: AgentOptions): Promise<string> {
    const { programs, port = this.port } = options;
    const certificate = await this.pki.issue(options.certificate ?? { kind: 'agent', name: host });
    const text = agentConf(
      { folder: this.folder, name: host, certificate },
      { controller: `127.0.0.1:${port}`, programs },
    );
    return this.write(`${host}.conf`, text);
  }

  runController(args: readonly string[]): Daemon {
    return this.#run('controller', [this.#programs.controller, ...args], {});
  }

  runAgent(
    args: readonly string[],
    as: { readonly name: string; readonly env?: Readonly<Record<string, string>> },
  ): Daemon {
    const env = { ...as.env, [HOST_MARK]: as.name };
    return this.#run(as.name, [this.#programs.agent, ...args], env);
  }

  /** Everything alive that the agent of this host has started, keepers included, not the agent. */
  leftOn(host: string): readonly SeenProcess[] {
    const agents = new Set(this.#started.map(({ pid }) => pid));
    return processesOf(this.folder).filter(
      ({ pid }) => environmentOf(pid)[HOST_MARK] === host && !agents.has(pid),
    );
  }

  /** With a configuration of the usual operator, unless `--config` is among the arguments. */
  async fleetctl(...args: readonly string[]): Promise<FleetctlResult> {
    return resultOf(await this.startFleetctl(...args));
  }

  async startFleetctl(...args: readonly string[]): Promise<Daemon> {
    const config = args.includes('--config') ? [] : ['--config', await this.writeOperatorConf()];
    return this.#run('fleetctl', [this.#programs.fleetctl, ...config, ...args], {});
  }

  async writeOperatorConf(wanted: Wanted = { kind: 'operator', name: OPERATOR }): Promise<string> {
    const { ca, cert, key } = await this.pki.issue(wanted);
    return this.writeFleetctlConf(`${wanted.kind}-${wanted.name}`, { ca, cert, key });
  }

  writeFleetctlConf(name: string, values: Readonly<Record<string, string>>): string {
    const text = fleetctlConf({ controller: `127.0.0.1:${this.port}`, ...values });
    const file = `${name}.fleetctl`;
    // Written once: a fleetctl that has just been started may be reading it.
    return this.read(file) === text ? this.path(file) : this.write(file, text);
  }

  /** fleetctl's own client in this process, which is quicker to ask than a program. */
  client(): Promise<ControlClient> {
    this.#client ??= this.dial({ kind: 'operator', name: OPERATOR }).catch((error: unknown) => {
      this.#client = null;
      throw error;
    });
    return this.#client;
  }

  async dial(as: Wanted): Promise<ControlClient> {
    const credentials = readCredentials(await this.pki.issue(as), as.kind);
    return connectControl({
      address: `127.0.0.1:${this.port}`,
      credentials: channelCredentials(credentials),
    });
  }

  /** What the controller knows, by `host process`. */
  async processes(): Promise<ReadonlyMap<string, HostProcess>> {
    const client = await this.client();
    const { processes } = await client.listProcesses({ hosts: '', processes: [] });
    return new Map(processes.map((entry) => [`${entry.host} ${entry.status.process}`, entry]));
  }

  /** Waits until the controller shows this process as described. */
  async process(
    host: string,
    process: string,
    what: string,
    isIt: (entry: HostProcess) => boolean,
    options: WaitOptions = {},
  ): Promise<HostProcess['status']> {
    const key = `${host} ${process}`;
    let seen: HostProcess | undefined;
    const entry = await this.until(
      `${key} ${what}`,
      async () => {
        seen = (await this.processes()).get(key);
        return seen !== undefined && isIt(seen) && seen;
      },
      { explain: () => `last seen: ${JSON.stringify(seen)}\n${this.#tails()}`, ...options },
    );
    return entry.status;
  }

  /** Waits until it runs on a host that is connected; its pid comes back. */
  async running(host: string, process: string): Promise<number> {
    const status = await this.process(
      host,
      process,
      'runs',
      (entry) => entry.hostConnected && entry.status.state === 'RUNNING',
    );
    return pidOf(status);
  }

  until<Answer>(
    what: string,
    ask: () => Promise<Answer> | Answer,
    options: WaitOptions = {},
  ): Promise<Exclude<Answer, undefined | null | false>> {
    return eventually(what, ask, { explain: () => this.#tails(), ...options });
  }

  /** A question to a daemon's database, read only. */
  query<Row>(database: string, sql: string): readonly Row[] {
    const opened = keptDatabase(this.path(database), 1_000);
    try {
      return opened.prepare(sql).all() as readonly Row[];
    } finally {
      opened.close();
    }
  }

  [Symbol.dispose](): void {
    void this.#client?.then((client) => client[Symbol.dispose]()).catch(() => undefined);
    this.#client = null;
    removeAll(this.folder);
  }

  #run(name: string, words: readonly string[], env: Readonly<Record<string, string>>): Daemon {
    const daemon = startProgram({
      name,
      words,
      directory: this.folder,
      env: {
        PATH: process.env['PATH'] ?? '/usr/bin:/bin',
        HOME: this.folder,
        [MARK]: this.folder,
        ...processTable(),
        ...env,
      },
    });
    this.#started.push(daemon);
    return daemon;
  }

  #tails(): string {
    return this.#started
      .filter(({ name }) => name !== 'fleetctl')
      .map((daemon) => {
        const tail = daemon.stderr().trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
        const how = daemon.hasEnded() ? 'ended' : 'alive';
        return `── ${daemon.name} (pid ${daemon.pid}, ${how})\n${tail}`;
      })
      .join('\n');
  }
}

/** As this test is told to have it (`agent-ps.test.ts`). */
function processTable(): Readonly<Record<string, string>> {
  const { FLEETVISOR_PROCESS_TABLE: table } = process.env;
  return table === undefined ? {} : { FLEETVISOR_PROCESS_TABLE: table };
}

export async function resultOf(fleetctl: Daemon): Promise<FleetctlResult> {
  const { code } = await fleetctl.ended();
  const stdout = fleetctl.stdout();
  return {
    code,
    stdout,
    stderr: fleetctl.stderr(),
    json: <Document>() => JSON.parse(stdout) as Document,
  };
}

function hasLogged(daemon: Daemon, message: string): boolean {
  if (daemon.hasEnded()) throw new Error(`${daemon.name} ended:\n${daemon.stderr()}`);
  return daemon.log().some(({ msg }) => msg === message);
}

/** Of a process that must have one. */
export function pidOf({ pid }: { readonly pid: number | null }): number {
  assert.ok(pid !== null && pid > 0, 'it has no pid');
  return pid;
}

export function operationRequest(
  request: Pick<OperationRequest, 'verb' | 'hosts' | 'processes'> & Partial<OperationRequest>,
): OperationRequest {
  const id = makeOperationId(Date.now(), randomBytes(OPERATION_ID_RANDOM_BYTES));
  const plain = { order: 'tier', fullStop: false, expectHosts: null, allowedOnly: false } as const;
  return { id, signal: null, reason: '', strategy: DEFAULT_STRATEGY, ...plain, ...request };
}

/** Watches an operation to its end, as fleetctl does. */
export async function endOf(client: ControlClient, id: OperationId): Promise<Operation> {
  const soFar = createOperationSoFar();
  for await (const update of client.watchOperation(id, AbortSignal.timeout(OPERATION_MAX_MS))) {
    const ended = soFar.note(update);
    if (ended !== null) return ended;
  }
  throw new Error(`operation ${id} did not end within ${OPERATION_MAX_MS} ms`);
}

/** Makes a folder below the fleet's. */
export function makeFolder(fleet: Fleet, ...names: readonly string[]): string {
  const path = fleet.path(...names);
  mkdirSync(path, { recursive: true });
  return path;
}
