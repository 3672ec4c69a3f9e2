/**
 * What a selector of hosts says, as data. The two notations (`,` `!` `&` `^`, and `or` `and` `not`)
 * come to the same tree: `or` is `,`, `and` is `&`. Whether the hosts and groups that it names
 * exist is not known here; see `evaluate.ts`.
 */

/** `,` also, `!` but not, `&` only those that are also, `^` one of the two but not both. */
export type Operator = ',' | '!' | '&' | '^';

export interface Selector {
  /** As written; positions count its UTF-16 units from 0. */
  readonly text: string;
  readonly expression: Expression;
}

export type Expression = Chain | Complement | Term;

/** From left to right, each step on what came out before it. */
export interface Chain {
  readonly kind: 'chain';
  readonly first: Expression;
  readonly steps: readonly Step[];
}

export interface Step {
  readonly operator: Operator;
  readonly operand: Expression;
}

/** All hosts but these. */
export interface Complement {
  readonly kind: 'not';
  readonly at: number;
  readonly operand: Expression;
}

export type Term =
  /** Each must exist. Several where a range or a plain list names them. */
  | { readonly kind: 'names'; readonly at: number; readonly names: readonly string[] }
  /** Each may match none. */
  | { readonly kind: 'globs'; readonly at: number; readonly globs: readonly string[] }
  | { readonly kind: 'regex'; readonly at: number; readonly pattern: string }
  | { readonly kind: 'everything'; readonly at: number }
  | { readonly kind: 'groups'; readonly at: number; readonly names: readonly string[] }
  /** `@key:value`: at least one host must carry it. */
  | {
      readonly kind: 'labelGroups';
      readonly at: number;
      readonly key: string;
      readonly values: readonly string[];
    }
  /** `key=glob`, `key in (…)`. With `!=` and `not in` it stands in a complement. */
  | {
      readonly kind: 'label';
      readonly at: number;
      readonly key: string;
      readonly globs: readonly string[];
    }
  | { readonly kind: 'hasLabel'; readonly at: number; readonly key: string }
  | { readonly kind: 'network'; readonly at: number; readonly network: string }
  | LiveTerm
  | OutcomeTerm
  /** `file:PATH`, and `-` with a null path: fleetctl replaces them by the names in the file. */
  | {
      readonly kind: 'list';
      readonly at: number;
      readonly end: number;
      readonly path: string | null;
    };

export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';

/** `proc:NAME.FIELD CMP VALUE`: at least one process of the host is so. */
export interface LiveTerm {
  readonly kind: 'live';
  readonly at: number;
  /** As `process-pattern.ts` reads it. */
  readonly process: string;
  readonly comparison: Comparison;
  readonly condition: LiveCondition;
}

export type LiveCondition =
  /** `UNREACHABLE` is the state of all processes of a host that is not connected. */
  | { readonly field: 'state' | 'signal'; readonly value: string }
  /** Of `uptime` in milliseconds. */
  | { readonly field: 'restarts' | 'exitcode' | 'uptime'; readonly value: number };

/** `op:ID:STATE`: the host has a target in one of these states in that operation. */
export interface OutcomeTerm {
  readonly kind: 'outcome';
  readonly at: number;
  /** In small letters, whole or its beginning. */
  readonly operation: string;
  /** A `TargetState`, `unfinished` (all but succeeded) or `all`. */
  readonly state: string;
}

/** All terms of an expression, from left to right. */
export function* termsOf(expression: Expression): Generator<Term> {
  switch (expression.kind) {
    case 'chain':
      yield* termsOf(expression.first);
      for (const { operand } of expression.steps) yield* termsOf(operand);
      return;
    case 'not':
      yield* termsOf(expression.operand);
      return;
    default:
      yield expression;
  }
}
