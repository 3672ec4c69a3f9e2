/**
 * What people order on the host itself (`fleetctl --local`, SIGHUP). The controller is told of every
 * order that changes something, and by whom; the targets that come of it are reported to it like any
 * others. Whoever gave the order hears of each step; nobody need listen.
 */
import { type Refusal, refusal } from '../../proto/errors.ts';
import type { LocalOrder, OrderNews } from '../../proto/local-orders.ts';
import { clippedTo, REMARK_LENGTH_MAX } from '../../proto/text-limits.ts';
import {
  type ProcessState,
  type ProcessVerb,
  RUNNING_STATES,
  STOPPED_STATES,
} from '../../proto/vocabulary.ts';
import { addGroups, removeGroups } from './add-remove-groups.ts';
import { emit } from './apply-process.ts';
import { configuredProcesses } from './compare-configuration.ts';
import { handOver } from './hand-over.ts';
import { orderHold } from './hold-orders.ts';
import { namedProcesses } from './named-processes.ts';
import { refusalOfOrder, visibleDefinitions } from './order-access.ts';
import type { ProcessRuntime } from './process.ts';
import { beginRollout, isOver, type Rollout, wavesOf } from './rollout.ts';
import { shutDown } from './shut-down.ts';
import type { AgentInput, OrderId, TargetProgress, Turn } from './state.ts';
import { NO_JOURNAL, refusalOf, SHUTTING_DOWN } from './verdict.ts';

/** Of a rollout that a person ordered. */
export interface ControlPurpose {
  readonly kind: 'control';
  readonly order: OrderId;
}

type Given = Extract<AgentInput, { readonly kind: 'order' }>;
type Control = Extract<LocalOrder, { readonly kind: 'control' }>;

export function takeOrder(turn: Turn, given: Given): void {
  const { order, request, by } = given;
  const denied = refusalOfOrder(turn.state, request, by);
  if (denied !== null) return refuse(turn, given, denied);
  if (request.kind === 'avail') {
    const available = visibleDefinitions(turn.state, by);
    const processes = configuredProcesses(turn.state.processes, available);
    tell(turn, order, { kind: 'avail', processes });
    return tell(turn, order, { kind: 'done' });
  }
  const hindrance = hindranceOf(turn, request);
  if (hindrance !== null) return tell(turn, order, { kind: 'refused', refusal: hindrance });
  if (request.kind === 'reread') {
    const to = { kind: 'order', order } as const;
    turn.effects.push({ kind: 'readConfig', purpose: { kind: 'answer', to } });
    return;
  }
  noteOrder(turn, { ...given, requestedBy: by.name });
  switch (request.kind) {
    case 'control':
      return control(turn, order, request);
    case 'update': {
      const { operationId, groups } = request;
      const requester = { kind: 'order', order, caller: by } as const;
      turn.effects.push({
        kind: 'readConfig',
        purpose: { kind: 'update', operationId, groups, by: requester },
      });
      return;
    }
    case 'add':
      addGroups(turn, request.groups, (news) => tell(turn, order, news));
      return tell(turn, order, { kind: 'done' });
    case 'remove':
      removeGroups(turn, request.groups, (news) => tell(turn, order, news));
      return tell(turn, order, { kind: 'done' });
    case 'hold':
    case 'release':
      return orderHold(turn, request, by.name, (news) => tell(turn, order, news));
    case 'shutdown':
      return shutDown(turn, order);
    case 'handover':
      tell(turn, order, { kind: 'done' });
      return handOver(turn);
    case 'reload':
      turn.effects.push({ kind: 'readConfig', purpose: { kind: 'reload', order } });
      return;
  }
}

/** The controller learns of it, at once or when it is back. */
export function noteOrder(
  turn: Turn,
  {
    requestedBy,
    command,
    request,
  }: Pick<Given, 'command'> & { readonly requestedBy: string; readonly request?: LocalOrder },
): void {
  const operationId =
    request !== undefined && 'operationId' in request ? request.operationId : null;
  emit(turn, { kind: 'localOrder', requestedBy, command, operationId });
}

/** Who is refused is no news for the controller; whoever looks after this host may want to know. */
function refuse(turn: Turn, { order, by, command }: Given, because: Refusal): void {
  const text = `refused on this host to ${by.name}: ${command} (${because.message}; ${because.cause})`;
  turn.effects.push({ kind: 'warn', text: clippedTo(REMARK_LENGTH_MAX, text) });
  tell(turn, order, { kind: 'refused', refusal: because });
}

export function tell(turn: Turn, order: OrderId, news: OrderNews): void {
  turn.effects.push({ kind: 'tell', order, news });
}

/** A step of a rollout that a person ordered; null: it has only begun. */
export function reportControl(
  turn: Turn,
  rollout: Rollout,
  { order }: ControlPurpose,
  progress: TargetProgress | null,
): void {
  if (progress !== null) tell(turn, order, newsOf(progress));
  if (isOver(rollout)) tell(turn, order, { kind: 'done' });
}

function newsOf(progress: TargetProgress): OrderNews {
  const { process, verb } = progress.target;
  if (progress.kind === 'stopped') {
    return { kind: 'process', process, step: 'stop', fault: null, error: null };
  }
  const { state, fault, error } = progress.outcome;
  return {
    kind: 'process',
    process,
    step: verb === 'stop' || verb === 'signal' ? verb : 'start',
    fault: state === 'succeeded' ? fault : (fault ?? 'failed'),
    error,
  };
}

function hindranceOf({ state }: Turn, request: LocalOrder): Refusal | null {
  // An end may be asked for again, and instead of a reload.
  if (request.kind === 'shutdown') return null;
  if (state.isShuttingDown) return refusalOf(SHUTTING_DOWN);
  if ('operationId' in request && state.rollouts.get(request.operationId) !== undefined) {
    return refusal('conflict', `the operation id ${request.operationId} is taken`);
  }
  return NEED_THE_JOURNAL.has(request.kind) && !state.isJournalSound ? refusalOf(NO_JOURNAL) : null;
}

/** Refused as a whole while commits fail; in any other order each target is. */
const NEED_THE_JOURNAL: ReadonlySet<LocalOrder['kind']> = new Set([
  'update',
  'add',
  'remove',
  'hold',
  'release',
  'reload',
  'handover',
]);

function control(turn: Turn, order: OrderId, { operationId, verb, signal, names }: Control): void {
  const chosen = choose(turn, order, verb, names);
  const rollout = beginRollout(turn, {
    operationId,
    signal,
    origin: 'host',
    waves: wavesOf(
      verb,
      chosen.map(({ definition }) => definition),
    ),
    purpose: { kind: 'control', order },
  });
  reportControl(turn, rollout, { kind: 'control', order }, null);
}

/** Tells of what names nothing and of what cannot be stopped first; what is left is to be done. */
function choose(
  turn: Turn,
  order: OrderId,
  verb: ProcessVerb,
  names: readonly string[],
): readonly ProcessRuntime[] {
  const { meant, meaningless } = namedProcesses(turn.state, names);
  const step = verb === 'restart' ? 'stop' : verb;
  for (const name of meaningless) {
    tell(turn, order, { kind: 'process', process: name, step, fault: 'bad-name', error: null });
  }
  return meant.flatMap(({ process, isNamedItself }) => {
    const { definition, state } = process;
    if (!isNamedItself) return isPassedOver(verb, state) ? [] : [process];
    if (verb === 'restart' && STOPPED_STATES.has(state)) {
      const { process: name } = definition;
      const fault = 'not-running' as const;
      tell(turn, order, { kind: 'process', process: name, step: 'stop', fault, error: null });
    }
    return [process];
  });
}

/** Supervisor rpcinterface.py, `isNotRunning`, `isRunning`, `isSignallable`. */
function isPassedOver(verb: ProcessVerb, state: ProcessState): boolean {
  switch (verb) {
    case 'start':
      return RUNNING_STATES.has(state);
    case 'stop':
      return STOPPED_STATES.has(state);
    case 'signal':
      return !RUNNING_STATES.has(state) && state !== 'STOPPING';
    case 'restart':
      return false;
  }
}
