/**
 * The agent's one writer (`proto/batch.ts` is its loop): children, timers and the stream deliver
 * inputs; what the core makes of them is committed to the journal and then performed, in order.
 *
 * A journal that cannot be written must not stop supervision: the batch is stepped again with that
 * knowledge, so that operations are refused while crashed processes are still restarted, and each
 * later commit tries to bring the journal up to date.
 */
import { createBatchLoop } from '../proto/batch.ts';
import { heldText } from '../proto/hold-text.ts';
import type { ProcessName, ProcessStatus } from '../proto/vocabulary.ts';
import { stepAgent } from './core/agent.ts';
import type { ProcessDefinition } from './core/definition.ts';
import type { HostRules } from './core/host-rules.ts';
import { recordOf } from './core/outbox.ts';
import { type Executables, wantsExecutables } from './core/policy.ts';
import { targetsToRecord } from './core/recover.ts';
import type {
  ActingEffect,
  AgentEffect,
  AgentInput,
  AgentState,
  AgentStep,
  AgentWrite,
  SpawnProblem,
} from './core/state.ts';
import type {
  Children,
  Clock,
  ConfigSource,
  HealthProbes,
  Journal,
  Link,
  Log,
  OrderListeners,
} from './ports.ts';

export interface AgentPorts {
  readonly clock: Clock;
  readonly children: Children;
  readonly journal: Journal;
  readonly link: Link;
  readonly config: ConfigSource;
  readonly orders: OrderListeners;
  readonly probes: HealthProbes;
  readonly log: Log;
  /** Everything has stopped: the agent may end. */
  readonly onShutdownComplete: () => void;
  /** Everything runs, and stands in the journal: the agent may end. */
  readonly onHandOver: () => void;
}

export interface AgentDriver {
  deliver(input: AgentInput): void;
  /** The committed state, for status. */
  state(): AgentState;
}

export function createAgentDriver(ports: AgentPorts, initial: AgentState): AgentDriver {
  let committed: readonly AgentWrite[] = [];
  const loop = createBatchLoop<AgentState, AgentInput, AgentWrite, AgentEffect>(
    {
      clock: ports.clock,
      step: stepAgent,
      commit,
      perform: (effects) => {
        const told = committed;
        committed = [];
        // What is waited for comes first: these lines are written while a program comes up.
        try {
          effects.forEach(perform);
        } finally {
          for (const write of told) logChange(ports.log, write);
        }
      },
      onBroken: (error) => {
        throw error;
      },
    },
    initial,
  );
  const { deliver, state } = loop;

  /** @returns what now holds: the step, or the same inputs stepped without a journal */
  async function commit(step: AgentStep, batch: readonly AgentInput[]): Promise<AgentStep> {
    const wasSound = state().isJournalSound;
    try {
      // A hand-over that waits for the journal brings nothing of its own to be written.
      if (step.writes.length > 0 || (!wasSound && step.state.isHandOverDue)) {
        await ports.journal.commit(wasSound ? step.writes : everything(step));
        if (!wasSound) {
          ports.log.info({}, 'the journal is up to date again');
          deliver({ kind: 'journalRecovered' });
        }
      }
      committed = step.writes;
      return step;
    } catch (error) {
      // Once for each spell of trouble: every event of a busy host would otherwise repeat it.
      if (wasSound) ports.log.error({ error: String(error) }, 'the journal cannot be written');
      return wasSound ? loop.stepAll([{ kind: 'journalFailed' }, ...batch]) : step;
    }
  }

  function perform(effect: AgentEffect): void {
    switch (effect.kind) {
      case 'process':
        return performOnProcess(effect.process, effect.effect);
      case 'adopt': {
        const definition = state().processes.get(effect.process)?.definition;
        if (definition !== undefined) ports.children.adopt(definition, effect.child);
        return;
      }
      case 'signalTarget': {
        const result = ports.children.signal(effect.child, effect.signal);
        return deliver({ kind: 'signalled', target: effect.target, result });
      }
      case 'tierTimer':
        return ports.clock.after(effect.delayMs, () => {
          deliver({ kind: 'tierTimedOut', sequence: effect.sequence, index: effect.index });
        });
      case 'waveTimer': {
        const { operationId, wave } = effect;
        return ports.clock.after(effect.delayMs, () => {
          deliver({ kind: 'waveTimedOut', operationId, wave });
        });
      }
      case 'deadlineTimer': {
        const { targets } = effect;
        return ports.clock.after(effect.delayMs, () => deliver({ kind: 'deadlineDue', targets }));
      }
      case 'watchTimer': {
        const { target } = effect;
        return ports.clock.after(effect.delayMs, () => deliver({ kind: 'watchDue', target }));
      }
      case 'holdTimer': {
        const { process, untilMs } = effect;
        return ports.clock.after(effect.delayMs, () => {
          deliver({ kind: 'holdDue', process, untilMs });
        });
      }
      case 'examine': {
        const { order, processes, definitions } = effect;
        const problems = examine(definitions);
        const isBound = order.origin === 'controller';
        const executables = isBound ? locate(state().rules, definitions) : NONE_LOCATED;
        return deliver({ kind: 'examined', order, processes, problems, executables });
      }
      case 'readConfig': {
        const { purpose } = effect;
        const reading = ports.config.read();
        const isBound = purpose.kind === 'update' && purpose.by.kind === 'target';
        const executables =
          isBound && reading.kind === 'read'
            ? locate(reading.rules ?? state().rules, reading.definitions)
            : NONE_LOCATED;
        return deliver({ kind: 'configRead', purpose, reading, executables });
      }
      case 'keepRules':
        return ports.config.keepRules(effect.rules);
      case 'redefine':
        return ports.children.redefine(effect.definition);
      case 'forget':
        return ports.children.forget(effect.process);
      case 'tell':
        return ports.orders.tell(effect.order, effect.news);
      case 'send':
        return ports.link.send(effect.message);
      case 'endSession':
        return ports.link.endSession(effect.because);
      case 'warn':
        return ports.log.warn({}, effect.text);
      case 'shutdownComplete':
        return ports.onShutdownComplete();
      case 'handOverComplete':
        return ports.onHandOver();
    }
  }

  /** For a policy that asks for it; what is not to be found is left out. */
  function locate(rules: HostRules, definitions: readonly ProcessDefinition[]): Executables {
    if (!wantsExecutables(rules)) return NONE_LOCATED;
    const located = definitions.flatMap((definition) => {
      const path = ports.children.locate(definition);
      return path === null ? [] : [[definition.process, path] as const];
    });
    return new Map(located);
  }

  function examine(
    definitions: readonly ProcessDefinition[],
  ): ReadonlyMap<ProcessName, SpawnProblem> {
    const problems = new Map<ProcessName, SpawnProblem>();
    for (const definition of definitions) {
      const problem = ports.children.examine(definition);
      if (problem !== null) problems.set(definition.process, problem);
    }
    return problems;
  }

  function performOnProcess(process: ProcessName, effect: ActingEffect): void {
    switch (effect.kind) {
      case 'spawn':
        return ports.children.spawn(effect.definition);
      case 'release':
        return ports.children.release(process);
      case 'abandon':
        return ports.children.abandon(process);
      case 'stop': {
        const { child, signal, wholeGroup } = effect;
        const result = ports.children.stop(process, child, signal, wholeGroup);
        if (result.kind !== 'failed') return;
        const input = { kind: 'signalFailed', error: result.error } as const;
        return deliver({ kind: 'process', process, input });
      }
      case 'probe':
        return ports.clock.after(effect.delayMs, () => probe(process, effect.sinceMonotonicMs));
      case 'timer': {
        const { timer: kind, timerToken } = effect;
        return ports.clock.after(effect.delayMs, () => {
          deliver({ kind: 'process', process, input: { kind, timerToken } });
        });
      }
    }
  }

  /** Not where another checking has begun meanwhile, or none is wanted any more. */
  function probe(process: ProcessName, sinceMonotonicMs: number): void {
    const checked = state().processes.get(process);
    if (checked?.child == null || checked.health?.sinceMonotonicMs !== sinceMonotonicMs) return;
    ports.probes.probe(checked.definition, checked.child, (result) => {
      const observation = { kind: 'probed', sinceMonotonicMs, result } as const;
      deliver({ kind: 'observed', process, observation });
    });
  }

  return { deliver, state };
}

const NONE_LOCATED: Executables = new Map();

/** What an administrator looks for in a supervisor's log: who came up, who went down, and how. */
function logChange(log: Log, write: AgentWrite): void {
  if (write.kind !== 'event') return;
  const { event } = write.event;
  switch (event.kind) {
    case 'processChanged':
      return logState(log, event.process);
    case 'processRemoved':
      return log.info({ process: event.process }, `${event.process} is removed`);
    case 'localOrder': {
      const { command, requestedBy, operationId } = event;
      return log.info({ requestedBy, operationId }, `ordered on this host: ${command}`);
    }
    case 'configJudged':
      if (event.problem === null) log.info({}, 'the configuration is good');
      else log.error({ problem: event.problem }, 'config rejected');
      return;
    case 'targetAccepted':
    case 'targetVerifying':
    case 'targetSettled':
    case 'eventsMissing':
      return;
  }
}

function logState(log: Log, status: ProcessStatus): void {
  const { process, state, pid, exitCode, exitSignal, lastError, health, lostOutputBytes } = status;
  const isDown = state === 'BACKOFF' || state === 'FATAL' || state === 'UNKNOWN';
  const isTrouble =
    isDown || health === 'unhealthy' || (lostOutputBytes > 0 && state === 'RUNNING');
  // `pid` is the agent's own, on every line.
  const known = { process, state, processPid: pid, exitCode, exitSignal, lastError };
  const details = { ...known, ...detailsBeside(status) };
  if (isTrouble) log.warn(details, `${process} is ${state}`);
  else log.info(details, `${process} is ${state}`);
}

/** Why the same state is told again; most processes have none of these. */
function detailsBeside(status: ProcessStatus): object {
  const { health, healthError, waitsFor, lostOutputBytes, leftBehind, residentBytes } = status;
  const hold = status.hold && heldText(status.hold);
  const all = { health, healthError, waitsFor, lostOutputBytes, leftBehind, residentBytes, hold };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => Boolean(value)));
}

/** Brings a journal that has missed commits up to date, and then adds what is new. */
function everything({ state, writes }: AgentStep): readonly AgentWrite[] {
  const { nextSeq, pending } = recordOf(state.outbox);
  return [
    { kind: 'acknowledged', seq: (pending[0]?.seq ?? nextSeq) - 1 },
    { kind: 'processesCleared' },
    ...[...state.processes.values()].map((process) => ({ kind: 'process', process }) as const),
    ...targetsToRecord(state).map((target) => ({ kind: 'target', target }) as const),
    ...pending.map((event) => ({ kind: 'event', event }) as const),
    ...writes,
  ];
}
