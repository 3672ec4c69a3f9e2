/** Process states, verbs and target states between the wire and the vocabulary. */

import type { Hold as WireHold, Hold__Output as WireHoldOutput } from '../gen/fleet/v1/Hold.ts';
import type {
  ProcessStatus as WireProcessStatus,
  ProcessStatus__Output as WireProcessStatusOutput,
} from '../gen/fleet/v1/ProcessStatus.ts';
import {
  clippedTo,
  NAME_LENGTH_MAX,
  REMARK_LENGTH_MAX,
  SIGNAL_LENGTH_MAX,
} from '../text-limits.ts';
import {
  type Health,
  type Hold,
  knownProcessName,
  type ProcessName,
  type ProcessState,
  type ProcessStatus,
  type TargetFault,
  type TargetState,
  type Verb,
} from '../vocabulary.ts';
import { enumCodec, exact, orNull, present, short } from './fields.ts';

export const processStateCodec = enumCodec('process state', {
  STOPPED: 'PROCESS_STATE_STOPPED',
  STARTING: 'PROCESS_STATE_STARTING',
  RUNNING: 'PROCESS_STATE_RUNNING',
  BACKOFF: 'PROCESS_STATE_BACKOFF',
  STOPPING: 'PROCESS_STATE_STOPPING',
  EXITED: 'PROCESS_STATE_EXITED',
  FATAL: 'PROCESS_STATE_FATAL',
  UNKNOWN: 'PROCESS_STATE_UNKNOWN',
} as const satisfies Record<ProcessState, string>);

const namedHealths = enumCodec('health', {
  starting: 'HEALTH_STARTING',
  healthy: 'HEALTH_HEALTHY',
  unhealthy: 'HEALTH_UNHEALTHY',
} as const satisfies Record<Health, string>);

const NO_HEALTH = 'HEALTH_UNSPECIFIED';

const healthCodec = {
  toWire: (health: Health | null) => (health === null ? NO_HEALTH : namedHealths.toWire(health)),
  fromWire: (name: string) => (name === NO_HEALTH ? null : namedHealths.fromWire(name)),
} as const;

export const verbCodec = enumCodec('verb', {
  start: 'VERB_START',
  stop: 'VERB_STOP',
  restart: 'VERB_RESTART',
  signal: 'VERB_SIGNAL',
  update: 'VERB_UPDATE',
} as const satisfies Record<Verb, string>);

export const targetStateCodec = enumCodec('target state', {
  pending: 'TARGET_STATE_PENDING',
  waiting: 'TARGET_STATE_WAITING',
  dispatched: 'TARGET_STATE_DISPATCHED',
  accepted: 'TARGET_STATE_ACCEPTED',
  verifying: 'TARGET_STATE_VERIFYING',
  succeeded: 'TARGET_STATE_SUCCEEDED',
  failed: 'TARGET_STATE_FAILED',
  'timed-out': 'TARGET_STATE_TIMED_OUT',
  unreachable: 'TARGET_STATE_UNREACHABLE',
  indeterminate: 'TARGET_STATE_INDETERMINATE',
  skipped: 'TARGET_STATE_SKIPPED',
  cancelled: 'TARGET_STATE_CANCELLED',
  'not-attempted': 'TARGET_STATE_NOT_ATTEMPTED',
} as const satisfies Record<TargetState, string>);

const namedFaults = enumCodec('fault', {
  'already-started': 'TARGET_FAULT_ALREADY_STARTED',
  'not-running': 'TARGET_FAULT_NOT_RUNNING',
  'bad-name': 'TARGET_FAULT_BAD_NAME',
  'no-file': 'TARGET_FAULT_NO_FILE',
  'not-executable': 'TARGET_FAULT_NOT_EXECUTABLE',
  'spawn-error': 'TARGET_FAULT_SPAWN_ERROR',
  'abnormal-termination': 'TARGET_FAULT_ABNORMAL_TERMINATION',
  failed: 'TARGET_FAULT_FAILED',
} as const satisfies Record<TargetFault, string>);

const NO_FAULT = 'TARGET_FAULT_UNSPECIFIED';

/** As the others, but null, where there is no fault, is said by leaving it unspecified. */
export const faultCodec = {
  toWire: (fault: TargetFault | null) => (fault === null ? NO_FAULT : namedFaults.toWire(fault)),
  fromWire: (name: string) => (name === NO_FAULT ? null : namedFaults.fromWire(name)),
} as const;

export function encodeProcessStatus(status: ProcessStatus): WireProcessStatus {
  return {
    process: status.process,
    group: status.group,
    name: status.name,
    program: status.program,
    groupPriority: status.groupPriority,
    priority: status.priority,
    generation: status.generation,
    state: processStateCodec.toWire(status.state),
    changedAtMs: status.changedAtMs,
    restarts: status.restarts,
    startMs: status.startMs,
    stopWaitMs: status.stopWaitMs,
    tierWaitMs: status.tierWaitMs,
    health: healthCodec.toWire(status.health),
    lostOutputBytes: status.lostOutputBytes,
    leftBehind: status.leftBehind,
    ...present('healthError', status.healthError),
    ...present('waitsFor', status.waitsFor),
    ...present('residentBytes', status.residentBytes),
    ...present('memoryMaxBytes', status.memoryMaxBytes),
    ...present('hold', status.hold === null ? null : encodeHold(status.hold)),
    ...present('pid', status.pid),
    ...present('startedAtMs', status.startedAtMs),
    ...present('exitCode', status.exitCode),
    ...present('exitSignal', status.exitSignal),
    ...present('lastError', status.lastError),
    ...present('nextTryAtMs', status.nextTryAtMs),
  };
}

export function decodeProcessStatus(wire: WireProcessStatusOutput): ProcessStatus {
  return {
    process: decodeProcessName(wire.process),
    group: short('a group', wire.group),
    name: short('a name', wire.name),
    program: short('a program', wire.program),
    groupPriority: wire.groupPriority,
    priority: wire.priority,
    generation: wire.generation,
    state: processStateCodec.fromWire(wire.state),
    changedAtMs: wire.changedAtMs,
    pid: orNull(wire.pid),
    startedAtMs: orNull(wire.startedAtMs),
    exitCode: orNull(wire.exitCode),
    exitSignal: orNull(wire.exitSignal && short('a signal', wire.exitSignal, SIGNAL_LENGTH_MAX)),
    restarts: wire.restarts,
    lastError: decodeRemark(wire.lastError),
    nextTryAtMs: orNull(wire.nextTryAtMs),
    startMs: wire.startMs,
    stopWaitMs: wire.stopWaitMs,
    tierWaitMs: wire.tierWaitMs,
    health: healthCodec.fromWire(wire.health),
    healthError: decodeRemark(wire.healthError),
    waitsFor: decodeRemark(wire.waitsFor),
    lostOutputBytes: exact('number of bytes', wire.lostOutputBytes),
    leftBehind: wire.leftBehind,
    residentBytes: orNull(wire.residentBytes),
    memoryMaxBytes: orNull(wire.memoryMaxBytes),
    hold: decodeHold(wire.hold),
  };
}

export const encodeHold = (hold: Hold): WireHold => hold;

export function decodeHold(wire: WireHoldOutput | null | undefined): Hold | null {
  if (wire === null || wire === undefined) return null;
  return {
    by: clippedTo(NAME_LENGTH_MAX, wire.by),
    reason: clippedTo(REMARK_LENGTH_MAX, wire.reason),
    untilMs: exact('end of a hold', wire.untilMs),
  };
}

export function decodeProcessName(text: string): ProcessName {
  return knownProcessName(short('a process name', text));
}

/** A text for people, such as an error. */
export function decodeRemark(text: string | null | undefined): string | null {
  return text === null || text === undefined ? null : clippedTo(REMARK_LENGTH_MAX, text);
}
