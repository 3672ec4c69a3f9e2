import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  initialProcess,
  type ProcessInput,
  type ProcessRuntime,
} from '../../agent/core/process.ts';
import { stepProcess } from '../../agent/core/step-process.ts';
import { type Cell, type ProcessInputKind, TRANSITIONS } from '../../agent/core/transitions.ts';
import { PROCESS_STATES, type ProcessState } from '../../proto/vocabulary.ts';
import {
  aChild,
  aDefinition,
  exitCode,
  instant,
  statesIn,
  WALL_START_MS,
} from '../fakes/agent-process.ts';

/**
 * Written from Supervisor's behaviour, not from the table under test. `.` nothing happens, `!` must
 * not happen, `=` stays with side effects, `no:reason` is refused, `a?B:C` is B if a holds, else C.
 */
const EXPECTED = `
state    start              stop             spawned spawnFailed exited  stayedUp retryDue                   restartDue                    stopTimedOut signalFailed
STOPPED  STARTING           no:not-running   !       !           !       .        .                          !                             .            .
STARTING no:already-started STOPPING         =       BACKOFF     BACKOFF RUNNING  .                          !                             .            UNKNOWN
RUNNING  no:already-started STOPPING         !       !           EXITED  .        .                          !                             .            UNKNOWN
BACKOFF  no:already-started STOPPED          !       !           !       .        retriesLeft?STARTING:FATAL !                             .            .
STOPPING no:stopping        .                =       STOPPED     STOPPED .        .                          !                             =            UNKNOWN
EXITED   STARTING           no:not-running   !       !           !       .        .                          crashLooping?BACKOFF:STARTING .            .
FATAL    STARTING           no:not-running   !       !           !       .        .                          !                             .            .
UNKNOWN  no:state-unknown   no:state-unknown !       STOPPED     STOPPED .        .                          !                             .            .
`;

const [header = [], ...rows] = EXPECTED.trim()
  .split('\n')
  .map((line) => line.split(/\s+/));
const kinds = header.slice(1) as ProcessInputKind[];
const pairs = rows.flatMap(([state, ...cells]) =>
  kinds.map((kind, column) => ({
    state: state as ProcessState,
    kind,
    expected: cells[column] ?? 'missing',
  })),
);

function cellText(cell: Cell): string {
  if (cell === 'ignore') return '.';
  if (cell === 'impossible') return '!';
  if (cell === 'stay') return '=';
  if (typeof cell === 'string') return cell;
  if ('refuse' in cell) return `no:${cell.refuse}`;
  return `${cell.when}?${cell.to}:${cell.otherwise}`;
}

test('the table is the one that Supervisor documents, for each of the 8 states × 10 inputs', () => {
  assert.equal(pairs.length, 80);
  assert.deepEqual(new Set(pairs.map(({ state }) => state)), new Set(PROCESS_STATES));
  for (const { state, kind, expected } of pairs) {
    assert.equal(cellText(TRANSITIONS[state][kind]), expected, `${state} × ${kind}`);
  }
});

/** A process as it is found in a state, with the named guard true or false. */
function found(state: ProcessState, holds: boolean): ProcessRuntime {
  const hasChild = state === 'RUNNING' || state === 'STOPPING' || state === 'UNKNOWN';
  const definition = aDefinition('web', { startMs: holds ? 0 : 1_000, autorestart: 'never' });
  return {
    ...initialProcess(definition, WALL_START_MS),
    state,
    child: hasChild ? aChild() : null,
    failedTries: state === 'BACKOFF' ? (holds ? 3 : 4) : 0,
    timerToken: 7,
  };
}

function inputOf(kind: ProcessInputKind, holds: boolean): ProcessInput {
  switch (kind) {
    case 'start':
    case 'stop':
      return { kind };
    case 'spawned':
      return { kind, child: aChild() };
    case 'spawnFailed':
    case 'signalFailed':
      return { kind, error: 'why not' };
    case 'exited':
      return { kind, exit: exitCode(1), lastLines: [] };
    case 'stayedUp':
    case 'retryDue':
    case 'stopTimedOut':
      return { kind, timerToken: 7 };
    case 'restartDue':
      return { kind, delayMs: holds ? 1_000 : 0 };
  }
}

/** What a step did, in the notation of the table; of several states, the first one entered. */
function observed(state: ProcessState, kind: ProcessInputKind, holds: boolean): string {
  const before = found(state, holds);
  try {
    const step = stepProcess(before, inputOf(kind, holds), instant(0));
    if (step.refused !== null) return `no:${step.refused}`;
    const [entered] = statesIn(step);
    if (entered !== undefined && entered !== state) return entered;
    if (step.process !== before) return '=';
    return step.effects.length === 0 ? '.' : 'effects without a change';
  } catch (error) {
    assert.match(String(error), new RegExp(`web is ${state} and was told ${kind}`));
    return '!';
  }
}

test('a step does what the table says, with each guard both true and false', () => {
  for (const { state, kind, expected } of pairs) {
    const choice = /^\w+\?(\w+):(\w+)$/.exec(expected);
    for (const holds of [true, false]) {
      const outcome = choice === null ? expected : choice[holds ? 1 : 2];
      assert.equal(observed(state, kind, holds), outcome, `${state} × ${kind}, guard ${holds}`);
    }
  }
});

test('what is refused or ignored leaves the process untouched and does nothing', () => {
  for (const { state, kind, expected } of pairs) {
    if (expected !== '.' && !expected.startsWith('no:')) continue;
    const before = found(state, false);
    const step = stepProcess(before, inputOf(kind, false), instant(0));
    assert.equal(step.process, before, `${state} × ${kind}`);
    assert.deepEqual(step.effects, [], `${state} × ${kind}`);
  }
});
