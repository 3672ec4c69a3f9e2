/**
 * People on paper: they submit operations of every kind, sometimes the same one again, steer what is
 * under way, and give orders on hosts themselves.
 */
import assert from 'node:assert/strict';
import type { ProcessDefinition } from '../../agent/core/definition.ts';
import type { FleetState } from '../../controller/core/state.ts';
import { isRefusal } from '../../proto/errors.ts';
import type { OperationRequest, Steering, Submission } from '../../proto/operation.ts';
import { makeOperationId } from '../../proto/operation-id.ts';
import { DEFAULT_STRATEGY } from '../../proto/strategy.ts';
import type { OperationId, Verb } from '../../proto/vocabulary.ts';
import { anActor } from '../fakes/controller-fleet.ts';
import type { Chance } from './chance.ts';
import type { SimulatedAgent } from './simulated-agent.ts';
import type { SimulatedController } from './simulated-controller.ts';
import { aStrategy } from './strategies.ts';

export interface OperatorsOptions {
  readonly chance: Chance;
  readonly controller: SimulatedController;
  readonly agents: readonly SimulatedAgent[];
  readonly definitions: readonly ProcessDefinition[];
  readonly note: (text: string) => void;
}

const ALICE = anActor('alice');

const VERBS: readonly Verb[] = [
  ...(['restart', 'restart', 'restart', 'restart', 'restart'] as const),
  ...(['start', 'stop', 'signal', 'update'] as const),
];

export class Operators {
  readonly #options: OperatorsOptions;
  readonly #submissions: Submission[] = [];

  constructor(options: OperatorsOptions) {
    this.#options = options;
  }

  get submitted(): number {
    return this.#submissions.length;
  }

  act(): void {
    const { chance } = this.#options;
    const deeds = [
      () => this.#repeat(),
      () => this.#orderLocally(),
      () => this.#steer(),
      () => this.#steer(),
      () => this.#retry(),
    ];
    if (chance.below(10) < 4) chance.pick(deeds)();
    else this.#submit({ kind: 'operation', request: this.#request() });
  }

  /** What stands still goes on, or is given up. */
  endPauses(): void {
    const { chance, controller } = this.#options;
    const state = controller.driver?.state();
    for (const id of state?.live ?? []) {
      if (state?.operations.get(id)?.facts.state !== 'paused') continue;
      const action = chance.pick(['resume', 'cancel'] as const);
      this.#say({
        operation: id,
        action,
        kill: action === 'cancel' && chance.oneIn(2),
        reason: '',
      });
    }
  }

  /** Nobody keeps the fleet off anything any more. */
  releaseHolds(): void {
    const names = this.#options.definitions.map(({ process }) => process);
    for (const agent of this.#options.agents) agent.order({ kind: 'release', names });
  }

  /** On a healthy fleet nothing may go wrong any more. */
  restartEverything(): void {
    const plain = { verb: 'restart', signal: null, hosts: '@*', processes: ['all'] } as const;
    const request = { ...this.#request(), ...plain, fullStop: false, strategy: DEFAULT_STRATEGY };
    this.#submit({ kind: 'operation', request });
  }

  checkLast({ operations }: FleetState): void {
    const id = idOf(this.#submissions.at(-1) as Submission);
    const execution = operations.get(id);
    assert.ok(execution, `${id} was lost`);
    const failed = [...execution.targets].filter(({ state }) => state !== 'succeeded');
    assert.deepEqual(failed, [], `${id} on a healthy fleet`);
  }

  #submit(submission: Submission): void {
    const { controller, note } = this.#options;
    this.#submissions.push(submission);
    note(`submit ${textOf(submission)}`);
    void controller.driver?.submit(submission, ALICE).then((answer) => {
      if (isRefusal(answer)) note(`refused ${idOf(submission)}: ${answer.message}`);
    });
  }

  #newId(): OperationId {
    const { chance, controller } = this.#options;
    const random = Uint8Array.from({ length: 10 }, () => chance.below(256));
    return makeOperationId(controller.wallMs, random);
  }

  #repeat(): void {
    const { chance, controller, note } = this.#options;
    if (this.#submissions.length === 0) return;
    const submission = chance.pick(this.#submissions);
    note(`submit again ${idOf(submission)}`);
    void controller.driver?.submit(submission, ALICE);
  }

  #retry(): void {
    const { chance } = this.#options;
    if (this.#submissions.length === 0) return;
    const of = idOf(chance.pick(this.#submissions));
    this.#submit({
      kind: 'retry',
      id: this.#newId(),
      of,
      reason: '',
      expectHosts: null,
      allowedOnly: false,
    });
  }

  #steer(): void {
    const { chance, controller } = this.#options;
    const live = [...(controller.driver?.state().live ?? [])];
    if (live.length === 0) return;
    const action = chance.pick(['pause', 'pause', 'resume', 'cancel'] as const);
    const kill = action === 'cancel' && chance.oneIn(2);
    this.#say({ operation: chance.pick(live), action, kill, reason: '' });
  }

  #say(steering: Steering): void {
    const { controller, note } = this.#options;
    const { action, operation, kill } = steering;
    note(`${action}${kill ? ' --kill' : ''} ${operation}`);
    void controller.driver?.steer(steering, ALICE).then((answer) => {
      if (isRefusal(answer)) note(`refused: ${answer.message}`);
    });
  }

  #request(): OperationRequest {
    const { chance, definitions } = this.#options;
    const verb = chance.pick(VERBS);
    const isUpdate = verb === 'update';
    const names = [...definitions.map(({ process }) => process), 'all'];
    const fullStop = verb === 'restart' && chance.oneIn(4);
    return {
      id: this.#newId(),
      verb,
      signal: verb === 'signal' ? 'HUP' : null,
      hosts: this.#hosts(),
      processes: isUpdate ? [] : [chance.pick(names)],
      reason: '',
      order: isUpdate ? 'tier' : chance.pick(['tier', 'tier', 'host']),
      fullStop,
      expectHosts: null,
      strategy: aStrategy(chance, fullStop),
      allowedOnly: false,
    };
  }

  #hosts(): string {
    const { chance, agents } = this.#options;
    if (chance.oneIn(2)) return '@*';
    const many = 1 + chance.below(Math.min(agents.length, 6));
    return Array.from({ length: many }, () => chance.pick(agents).host).join(',');
  }

  #orderLocally(): void {
    const { chance, agents, definitions } = this.#options;
    const names = [chance.pick(definitions).process];
    const agent = chance.pick(agents);
    if (chance.oneIn(4)) return agent.order({ kind: 'release', names });
    if (chance.oneIn(3)) {
      const forMs = chance.pick([2_000, 30_000, 600_000]);
      return agent.order({ kind: 'hold', names, forMs, reason: 'an experiment' });
    }
    const verb = chance.pick(['start', 'stop', 'restart'] as const);
    agent.order({ kind: 'control', operationId: this.#newId(), verb, signal: null, names });
  }
}

function idOf(submission: Submission): OperationId {
  return submission.kind === 'operation' ? submission.request.id : submission.id;
}

function textOf(submission: Submission): string {
  if (submission.kind !== 'operation') return `${submission.kind} ${submission.id}`;
  const { id, verb, hosts, processes, order, fullStop, strategy } = submission.request;
  const changed = Object.entries(strategy).filter(
    ([key, value]) =>
      JSON.stringify(value) !== JSON.stringify(DEFAULT_STRATEGY[key as keyof typeof strategy]),
  );
  const how = [`--order=${order}`, ...(fullStop ? ['--full-stop'] : [])].join(' ');
  return `${id} ${verb} ${processes.join(' ')} on ${hosts} ${how} ${JSON.stringify(Object.fromEntries(changed))}`;
}
