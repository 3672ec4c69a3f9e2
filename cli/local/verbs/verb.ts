/** What every verb of `fleetctl --local` is: what its words mean, what it then does, its help. */
import type { Environment } from '../../ports.ts';
import type { LocalFormat, VerbOption, VerbOptions } from '../arguments.ts';
import { EXIT } from '../exit-status.ts';
import type { LocalClient, Unreachable } from '../ports.ts';
import { unreachableAction } from '../render/unreachable.ts';

export interface LocalContext {
  readonly client: LocalClient;
  readonly environment: Environment;
  readonly format: LocalFormat;
}

/** @returns the exit code */
export type LocalAction = (context: LocalContext) => Promise<number>;

export type Understood =
  | { readonly kind: 'action'; readonly run: LocalAction }
  /** Words that ask for nothing, such as `add` without a group. */
  | { readonly kind: 'nothing' }
  | Wrong;

/** Words that make no sense, and what is said of them. */
export interface Wrong {
  readonly kind: 'wrong';
  /** Without its line end. */
  readonly complaint: string;
  readonly exitCode: number;
  readonly showsHelp: boolean;
}

export interface LocalVerb {
  /** For the list of verbs. */
  readonly summary: string;
  /** Each way to call it, and what that does. */
  readonly usage: readonly (readonly [words: string, meaning: string])[];
  /** Words that make no sense are complained of only where there is an agent at all. */
  readonly looksForAgentFirst: boolean;
  readonly whenUnreachable: (from: Unreachable) => Ending;
  /** None, unless it says so. */
  readonly options?: readonly VerbOption[];
  readonly read: (words: readonly string[], options: VerbOptions) => Understood;
}

/** The last thing that is said, and the exit code. */
export interface Ending {
  readonly text: string;
  readonly exitCode: number;
}

/** Verbs which supervisorctl lets look for its daemon before they look at their words. */
export const LOOKS_FIRST = {
  looksForAgentFirst: true,
  whenUnreachable: unreachableAction,
} as const;

export const action = (run: LocalAction): Understood => ({ kind: 'action', run });

export function wrong(
  complaint: string,
  exitCode: number = EXIT.generic,
  { showsHelp = true } = {},
): Wrong {
  return { kind: 'wrong', complaint, exitCode, showsHelp };
}

export function withoutWords(verb: string, words: readonly string[], run: LocalAction): Understood {
  return words.length === 0 ? action(run) : wrong(`Error: ${verb} accepts no arguments`);
}
