/**
 * The demo's controller and agents: the programs of `dist/` as separate daemons, certificates of
 * their own, and a look at what they do through the same `fleetctl` that people use.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Daemon } from './daemon.ts';
import { type DemoFleet, OPERATOR, WEB_OPERATOR } from './files.ts';

export interface Surroundings {
  readonly plan: DemoFleet;
  /** Holds everything that the demo writes. */
  readonly folder: string;
  /** Every wait ends with its reason. */
  readonly signal: AbortSignal;
  readonly onFailure: (error: Error) => void;
}

/** What `fleetctl status -o json` says of one process, as far as the demo looks at it. */
export interface ProcessItem {
  readonly host: string;
  readonly process: string;
  readonly state: string;
  readonly pid: number | null;
  readonly lastError: string | null;
}

/** What `fleetctl hosts -o json` says of one host, as far as the demo looks at it. */
interface HostItem {
  readonly host: string;
  readonly state: string;
  readonly adopted: number;
}

interface Finished {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

const root = join(import.meta.dirname, '..', '..');
const POLL_MS = 100;
const WAIT_MAX_MS = 30_000;
const LAST_ERRORS_MAX = 3;
const COMPLAINTS_MAX = 6;
const COMPLAINT_CHARACTERS_MAX = 160;
/** pino's levels go from 10 to 60. */
const PINO_WARN = 40;

export class Fleet {
  readonly #surroundings: Surroundings;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #agents = new Map<string, Daemon>();
  #controller: Daemon | null = null;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
    const { folder } = surroundings;
    const { FLEETCTL_CONTEXT: _othersContext, ...environment } = process.env;
    this.#environment = {
      ...environment,
      // The web servers are started with the same Node as the demo.
      PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`,
      FLEETCTL_CONFIG: join(folder, 'fleetctl.conf'),
      // Where fleetctl keeps the ids of its operations: nothing of the demo is left behind.
      XDG_STATE_HOME: folder,
      FLEETVISOR_LOG: 'info',
      FLEETVISOR_DEMO: folder,
    };
  }

  async issueCertificates(): Promise<void> {
    const { hosts } = this.#surroundings.plan;
    await this.#certs(['init', '--fleet', 'demo']);
    await Promise.all([
      this.#certs(['issue', 'controller', 'ops-1', '--san', 'IP:127.0.0.1']),
      ...[OPERATOR, WEB_OPERATOR].map((name) => this.#certs(['issue', 'operator', name])),
      ...hosts.map(({ host }) => this.#certs(['issue', 'agent', host])),
    ]);
  }

  async startController(): Promise<void> {
    this.#controller = this.#start('fleet-controller', 'controller');
    await this.#until('the controller answers', async () => {
      const { code, errors } = await this.#fleetctl(['hosts']);
      return code === 0 ? [] : [errors];
    });
  }

  startAgents(): void {
    for (const { host } of this.#surroundings.plan.hosts) {
      this.#agents.set(host, this.#start('fleet-agent', host));
    }
  }

  /** Until every host is connected and every process of every host is RUNNING. */
  async untilEverythingRuns(): Promise<readonly ProcessItem[]> {
    let items: readonly ProcessItem[] = [];
    await this.#until('every process runs', async () => {
      items = await this.status();
      return this.#notRunning(items);
    });
    return items;
  }

  status(): Promise<readonly ProcessItem[]> {
    return this.#items('status');
  }

  killAgent(host: string): void {
    this.#agents.get(host)?.kill();
  }

  /** Until the next agent of each of these hosts has taken over everything that runs there. */
  async untilAdopted(hosts: readonly string[]): Promise<void> {
    const plans = this.#surroundings.plan.hosts.filter(({ host }) => hosts.includes(host));
    await this.#until('the next agents have taken over', async () => {
      const items = await this.#items<HostItem>('hosts');
      return plans.flatMap(({ host, processes }) => {
        const item = items.find((found) => found.host === host);
        const isDone = item?.state === 'connected' && item.adopted === processes.size;
        return isDone ? [] : [`${host}: ${item?.state}, ${item?.adopted} adopted`];
      });
    });
  }

  /** Shows a command line and what comes of it; runs exactly what is shown. Returns its exit code. */
  async show(typed: string): Promise<number | null> {
    process.stdout.write(`\n$ fleetctl ${typed}\n`);
    const words = ['-c', `exec "$@" ${typed}`, 'sh', process.execPath, programPath('fleetctl')];
    const { code } = await this.#run('/bin/sh', words, 'inherit');
    return code;
  }

  /** Agents first, which stop their processes in order; then the controller. */
  async stop(): Promise<void> {
    await Promise.all([...this.#agents.values()].map((agent) => agent.stop()));
    await this.#controller?.stop();
  }

  /** What each daemon complained about: its warnings, its errors, its dying words. */
  complaints(): readonly string[] {
    const daemons = [['controller', this.#controller] as const, ...this.#agents];
    return daemons.flatMap(([name, daemon]) => {
      const lines = daemon?.readLog().split('\n').flatMap(complaintOf) ?? [];
      return [...new Set(lines)].slice(-COMPLAINTS_MAX).map((line) => `${name}: ${line}`);
    });
  }

  #start(program: string, name: string): Daemon {
    const { folder, onFailure } = this.#surroundings;
    const daemon = new Daemon({
      program: programPath(program),
      configPath: join(folder, `${name}.conf`),
      logPath: join(folder, `${name}.log`),
      environment: this.#environment,
      onFailure,
    });
    daemon.start();
    return daemon;
  }

  async #certs(words: readonly string[]): Promise<void> {
    const pki = join(this.#surroundings.folder, 'pki');
    const node = [programPath('fleet-certs'), ...words, '--dir', pki];
    const { code, errors } = await this.#run(process.execPath, node, 'pipe');
    if (code !== 0) throw new Error(`fleet-certs ${words.join(' ')} failed:\n${errors}`);
  }

  async #items<Item>(command: 'hosts' | 'status'): Promise<readonly Item[]> {
    const { output } = await this.#fleetctl([command, '-o', 'json']);
    if (output === '') return [];
    return (JSON.parse(output) as { readonly items: readonly Item[] }).items;
  }

  #fleetctl(words: readonly string[]): Promise<Finished> {
    return this.#run(process.execPath, [programPath('fleetctl'), ...words], 'pipe');
  }

  #run(command: string, words: readonly string[], output: 'pipe' | 'inherit'): Promise<Finished> {
    const { signal } = this.#surroundings;
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const child = spawn(command, words, {
        stdio: ['ignore', output, output],
        env: this.#environment,
        signal,
      });
      const collected = { output: '', errors: '' };
      child.stdout?.setEncoding('utf8').on('data', (text) => {
        collected.output += text;
      });
      child.stderr?.setEncoding('utf8').on('data', (text) => {
        collected.errors += text;
      });
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, ...collected }));
    });
  }

  /** @param missing what the condition still lacks; nothing when it holds */
  async #until(condition: string, missing: () => Promise<readonly string[]>): Promise<void> {
    const { signal } = this.#surroundings;
    const giveUpAt = performance.now() + WAIT_MAX_MS;
    for (;;) {
      const lacking = await missing();
      if (lacking.length === 0) return;
      if (performance.now() > giveUpAt) {
        const seconds = WAIT_MAX_MS / 1_000;
        throw new Error(`waited ${seconds} s until ${condition}:\n${lacking.join('\n')}`);
      }
      await delay(POLL_MS, undefined, { signal });
    }
  }

  #notRunning(items: readonly ProcessItem[]): readonly string[] {
    return this.#surroundings.plan.hosts.flatMap(({ host, processes }) =>
      [...processes.keys()].flatMap((process) => {
        const item = items.find((found) => found.host === host && found.process === process);
        if (item?.state === 'RUNNING') return [];
        const why = item?.lastError ?? item?.state ?? 'not heard of';
        return [`${host} ${process}: ${why}`, ...this.#lastErrors(host, process)];
      }),
    );
  }

  #lastErrors(host: string, process: string): readonly string[] {
    const path = join(this.#surroundings.folder, host, 'log', `${process}-stderr.log`);
    const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(isTelling) : [];
    return lines.slice(-LAST_ERRORS_MAX).map((line) => `    ${line}`);
  }
}

/** Whether `npm ci`, or `npm run build`, has built the programs. */
export function isBuilt(): boolean {
  return PROGRAMS.every((program) => existsSync(programPath(program)));
}

const PROGRAMS = ['fleetctl', 'fleet-agent', 'fleet-controller', 'fleet-certs'];

export const programPath = (program: string): string => join(root, 'dist', `${program}.js`);

/** The frames of a stack say nothing to who watches a demo. */
const isTelling = (line: string): boolean => !/^(?:\s*$|\s+at |Node\.js v)/.test(line);

/** From one line of a log. */
function complaintOf(line: string): readonly string[] {
  if (!isTelling(line)) return [];
  const level = /^\{"level":(\d+),.*\}$/.exec(line)?.[1];
  if (level === undefined) return [line.slice(0, COMPLAINT_CHARACTERS_MAX)];
  if (Number(level) < PINO_WARN) return [];
  const { msg, why, error } = JSON.parse(line) as Record<string, unknown>;
  const text = [msg, why, error].filter((part) => part !== undefined).join(': ');
  return [text.slice(0, COMPLAINT_CHARACTERS_MAX)];
}
