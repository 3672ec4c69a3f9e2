/**
 * The agent's children without the agent: real keepers and real programs, started and watched by
 * the real adapter, while the test stands in for the driver. Nothing outlives the test.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { ChildProcesses } from '../../agent/adapters/children/children.ts';
import { closeInherited } from '../../agent/adapters/host/inherited.ts';
import { openProcessTable, type ProcessTable } from '../../agent/adapters/host/process-table.ts';
import type { LogDefinition, ProcessDefinition } from '../../agent/core/definition.ts';
import type { Child, ProcessInput } from '../../agent/core/process.ts';
import { systemClock } from '../../proto/clock.ts';
import { knownProcessName, type ProcessName } from '../../proto/vocabulary.ts';
import { aDefinition } from '../fakes/agent-process.ts';
import { eventually } from './fleet/wait.ts';

// As every agent does before anything else; the runner may have been handed some, too.
closeInherited();

export type Exited = Extract<ProcessInput, { readonly kind: 'exited' }>;
type SpawnFailed = Extract<ProcessInput, { readonly kind: 'spawnFailed' }>;

/** A file of the agent's choosing, without limits. */
export const KEPT: LogDefinition = {
  target: { kind: 'auto' },
  syslog: false,
  maxBytes: 0,
  backups: 0,
  timestamps: false,
};

export const isRoot = process.getuid?.() === 0;
export const NOBODY = { name: 'nobody', uid: 65_534, gid: 65_534 };

export class RealChildren {
  readonly folder: string;
  readonly children: ChildProcesses;
  /** Of the output of each, as told last. */
  readonly lostBytes = new Map<ProcessName, number>();
  /** Whoever is at the gate stays there. */
  keepsGatesShut = false;
  readonly #inputs = new Map<ProcessName, ProcessInput[]>();
  readonly #definitions = new Map<ProcessName, ProcessDefinition>();

  readonly #table: ProcessTable;

  constructor(
    context: TestContext,
    environment: Readonly<Record<string, string | undefined>>,
    table: ProcessTable,
  ) {
    this.#table = table;
    this.folder = mkdtempSync(join(tmpdir(), 'fleetvisor-spawn-'));
    this.children = this.open(environment);
    context.after(async () => {
      await this.#killAll();
      this.children.endHolder();
      this.children[Symbol.dispose]();
      rmSync(this.folder, { recursive: true });
    });
  }

  /** One more agent's view of the same run files. */
  open(environment: Readonly<Record<string, string | undefined>>): ChildProcesses {
    return new ChildProcesses({
      folders: { runDir: this.folder, logDir: this.folder },
      table: this.#table,
      environment,
      descriptorsMax: 1024,
      syslog: { open: () => ({ write: () => undefined, flush: () => undefined }) },
      definitionOf: (name) => this.#definitions.get(name) ?? null,
      deliver: (name, input) => {
        this.#inputs.get(name)?.push(input);
        if (input.kind === 'spawned' && !this.keepsGatesShut) this.children.release(name);
      },
      observe: (name, observation) => {
        if (observation.kind === 'outputLost') this.lostBytes.set(name, observation.totalBytes);
      },
      clock: systemClock,
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    });
  }

  define(name: string, overrides: Partial<ProcessDefinition>): ProcessDefinition {
    const logs = { redirectStderr: true, stdoutLog: KEPT, stderrLog: KEPT };
    const definition = aDefinition(name, { ...logs, ...overrides });
    this.#definitions.set(definition.process, definition);
    return definition;
  }

  /** @returns the child, which has been let through its gate, or why there is none */
  async spawn(definition: ProcessDefinition): Promise<Child | SpawnFailed> {
    const inputs: ProcessInput[] = [];
    this.#inputs.set(definition.process, inputs);
    this.children.spawn(definition);
    const input = await eventually('it is spawned', () =>
      inputs.find(({ kind }) => kind === 'spawned' || kind === 'spawnFailed'),
    );
    if (input.kind === 'spawnFailed') return input;
    if (input.kind === 'spawned') return input.child;
    throw new Error(`it was ${input.kind}`);
  }

  async running(definition: ProcessDefinition): Promise<Child> {
    const child = await this.spawn(definition);
    if ('pid' in child) return child;
    throw new Error(child.error);
  }

  exited(process: ProcessName): Promise<Exited> {
    return eventually('it has ended', () =>
      this.#inputs.get(process)?.find((input): input is Exited => input.kind === 'exited'),
    );
  }

  /** To its end, or to the reason why it had no beginning. */
  async run(definition: ProcessDefinition): Promise<Exited | SpawnFailed> {
    const child = await this.spawn(definition);
    return 'pid' in child ? this.exited(definition.process) : child;
  }

  /** All that a shell script prints; it has to end by itself. */
  async printed(script: string, overrides: Partial<ProcessDefinition> = {}): Promise<string> {
    const command = `/bin/sh -c ${quoted(script)}`;
    const definition = this.define('printing', { command, ...overrides });
    const ended = await this.run(definition);
    const log = this.log('printing');
    if (ended.kind === 'spawnFailed') throw new Error(ended.error);
    if (ended.exit.kind !== 'code' || ended.exit.code !== 0) throw new Error(`it failed:\n${log}`);
    return log;
  }

  log(name: string, channel: 'stdout' | 'stderr' = 'stdout'): string {
    const path = this.children.logPath(knownProcessName(name), channel);
    return path !== null && existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** An executable file; with a first line of its own if it is to be one. */
  script(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text, { mode: 0o755 });
    return path;
  }

  async #killAll(): Promise<void> {
    for (const [name, inputs] of this.#inputs) {
      const spawned = inputs.find((input) => input.kind === 'spawned');
      if (spawned === undefined || inputs.some(({ kind }) => kind === 'exited')) continue;
      this.children.stop(name, spawned.child, 'KILL', true);
      await this.exited(name);
    }
  }
}

export function openChildren(
  context: TestContext,
  environment: Readonly<Record<string, string | undefined>> = { PATH: process.env['PATH'] },
  table = openProcessTable(process.env['FLEETVISOR_PROCESS_TABLE']),
): RealChildren {
  return new RealChildren(context, environment, table);
}

/** One word to Python's shlex, whatever is in it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
