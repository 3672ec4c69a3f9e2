/**
 * What became of hosts in an earlier operation: `op:ID:STATE`, so that the next command can go on
 * where the last one did not: `op:01a20339-3305:unfinished`.
 */
import { nearest } from '../dialect/did-you-mean.ts';
import { ID_BEGINNING_MIN, TOO_SHORT_FIX } from '../find-operation.ts';
import { TARGET_STATES, type TargetState } from '../vocabulary.ts';
import { type Mistake, mistake } from './mistake.ts';
import { type Reader, readBare } from './reader.ts';
import type { OutcomeTerm } from './syntax.ts';

const STATES: readonly string[] = [...TARGET_STATES, 'unfinished', 'all'];

const ID_LENGTH_MAX = 36;

/** The reader stands behind `op:`, which began at `at`. */
export function readOutcome(reader: Reader, at: number): OutcomeTerm | Mistake {
  const idAt = reader.at;
  const found = readBare(reader, '"=<>');
  const colon = found.indexOf(':');
  const operation = (colon === -1 ? found : found.slice(0, colon)).toLowerCase();
  const isId = /^[0-9a-f-]+$/.test(operation) && operation.length <= ID_LENGTH_MAX;
  if (!isId) {
    const example = 'for example op:01a20339-3305:failed; see them with: fleetctl op list';
    return mistake(idAt, 'expected the id of an operation, or its beginning', example);
  }
  if (operation.length < ID_BEGINNING_MIN) {
    return mistake(idAt, "this is too little of an operation's id", TOO_SHORT_FIX);
  }
  const state = colon === -1 ? '' : found.slice(colon + 1).toLowerCase();
  if (STATES.includes(state)) return { kind: 'outcome', at, operation, state };
  const near = nearest(state, STATES);
  const stateAt = colon === -1 ? reader.at : idAt + colon + 1;
  const what = state === '' ? ':STATE is missing here' : 'targets have no such state';
  const fix = near === null ? `there are ${STATES.join(', ')}` : `did you mean ${near}?`;
  return mistake(stateAt, what, fix);
}

/** @returns whether a target's state is among those that are meant */
export function compileOutcome({ state }: OutcomeTerm): (found: TargetState) => boolean {
  if (state === 'all') return () => true;
  if (state === 'unfinished') return (found) => found !== 'succeeded';
  return (found) => found === state;
}
