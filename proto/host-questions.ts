/**
 * What can be asked of a host about its configuration, and how it answers: supervisorctl's `reread`
 * and `avail`. Neither changes anything that runs.
 */
import type { HostId, ProcessName } from './vocabulary.ts';

/** What a new reading of a host's configuration has changed (supervisorctl `reread`). */
export type GroupChange = 'available' | 'changed' | 'disappeared';

export interface ChangedGroup {
  readonly group: string;
  readonly change: GroupChange;
}

/** One process of the configuration as it was read last (supervisorctl `avail`). */
export interface ConfiguredProcess {
  readonly process: ProcessName;
  readonly group: string;
  readonly name: string;
  /** Whether its group is active. */
  readonly inUse: boolean;
  readonly autostart: boolean;
  readonly groupPriority: number;
  readonly priority: number;
}

/** Questions to an agent that change nothing that runs. */
export const HOST_QUESTIONS = ['reread', 'avail'] as const;
export type HostQuestion = (typeof HOST_QUESTIONS)[number];

export type HostAnswer =
  | { readonly kind: 'reread'; readonly changes: readonly ChangedGroup[] }
  | { readonly kind: 'avail'; readonly processes: readonly ConfiguredProcess[] }
  /** The configuration is wrong. */
  | { readonly kind: 'failed'; readonly error: string }
  /** The host could not be asked, or did not answer: so the controller, never an agent. */
  | { readonly kind: 'unreachable'; readonly error: string };

export interface HostReport {
  readonly host: HostId;
  readonly answer: HostAnswer;
}
