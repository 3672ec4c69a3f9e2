import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ProcessDefinition } from '../../agent/core/definition.ts';
import {
  initialProcess,
  type ProcessEffect,
  type ProcessInput,
  type ProcessRuntime,
  type ProcessStep,
  statusOf,
} from '../../agent/core/process.ts';
import { stepProcess } from '../../agent/core/step-process.ts';
import { PROCESS_STATES, RUNNING_STATES, STOPPED_STATES } from '../../proto/vocabulary.ts';
import { aChild, aDefinition, exitCode, instant, killedBy } from '../fakes/agent-process.ts';

/**
 * What the world around one process may do next: children end only if they exist, a spawn has one
 * end, timers fire at any later time, stale ones too. It checks each step as it is made.
 */
class World {
  process: ProcessRuntime;
  nowMs = 0;
  #pids = 100;
  /** From a `spawn` effect until the child's end; `atGate` once its pid was told. */
  #child: 'none' | 'launched' | 'atGate' | 'released' = 'none';
  #timers: Extract<ProcessEffect, { readonly kind: 'timer' }>[] = [];
  #isWanted = false;

  constructor(definition: ProcessDefinition) {
    this.process = initialProcess(definition, 0);
  }

  possibleInputs(code: number): readonly ProcessInput[] {
    const exit = code > 200 ? killedBy('KILL') : exitCode(code);
    const ended: ProcessInput = { kind: 'exited', exit, lastLines: ['last words'] };
    const timers = this.#timers.map(
      ({ timer, timerToken }): ProcessInput => ({ kind: timer, timerToken }),
    );
    const always: readonly ProcessInput[] = [{ kind: 'start' }, { kind: 'stop' }, ...timers];
    if (this.#child === 'none') return always;
    if (this.#child !== 'launched') return [...always, ended];
    const child = aChild(this.#pids + 1);
    return [
      ...always,
      ended,
      { kind: 'spawned', child },
      { kind: 'spawned', child },
      { kind: 'spawnFailed', error: "couldn't fork" },
    ];
  }

  take(input: ProcessInput): ProcessStep {
    const before = this.process;
    if (input.kind === 'spawned') {
      this.#pids = input.child.pid;
      this.#child = 'atGate';
    }
    if (input.kind === 'exited' || input.kind === 'spawnFailed') this.#child = 'none';
    const step = stepProcess(before, input, instant(this.nowMs));
    this.process = step.process;
    if (input.kind === 'start' && step.refused === null) this.#isWanted = true;
    if (input.kind === 'stop' && step.refused === null) this.#isWanted = false;
    for (const effect of step.effects) this.#perform(effect);
    this.#check(before);
    return step;
  }

  #perform(effect: ProcessEffect): void {
    switch (effect.kind) {
      case 'spawn':
        assert.equal(this.#child, 'none', 'a second child beside the first');
        this.#child = 'launched';
        return;
      case 'release':
        assert.equal(this.#child, 'atGate', 'released before it was on record');
        this.#child = 'released';
        return;
      case 'abandon':
        assert.notEqual(this.#child, 'released', 'abandoned although it runs');
        return;
      case 'stop':
        assert.notEqual(this.#child, 'none', 'signalled although it is gone');
        assert.equal(effect.child.pid, this.process.child?.pid);
        return;
      case 'timer':
        assert.equal(effect.timerToken, this.process.timerToken, 'a timer that is born stale');
        assert.ok(effect.delayMs >= 0 && Number.isFinite(effect.delayMs));
        this.#timers = [...this.#timers.slice(-4), effect];
        return;
      case 'probe':
        assert.equal(effect.sinceMonotonicMs, this.process.health?.sinceMonotonicMs);
        return;
      case 'changed':
        return;
    }
  }

  #check(before: ProcessRuntime): void {
    const { state, child, nextTryAtMs, timerToken } = this.process;
    if (!this.#isWanted) assert.ok(!RUNNING_STATES.has(state), `${state} although it was stopped`);
    assert.ok(PROCESS_STATES.includes(state));
    const { pid, exitCode: code, exitSignal, restarts } = statusOf(this.process);
    assert.equal(pid, child?.pid ?? null);
    assert.ok(code === null || exitSignal === null);
    assert.ok(restarts >= 0);
    assert.equal(nextTryAtMs !== null, state === 'BACKOFF', 'a next try in BACKOFF and only there');
    if (state === 'RUNNING') assert.notEqual(child, null);
    if (state === 'BACKOFF' || STOPPED_STATES.has(state)) {
      assert.equal(child, null);
      assert.equal(this.#child, 'none', `${state} although a child is there`);
    }
    if (state !== before.state) assert.notEqual(timerToken, before.timerToken);
  }
}

const anyDefinition = fc.record({
  startMs: fc.constantFrom(0, 1_000),
  startRetries: fc.integer({ min: 0, max: 3 }),
  autorestart: fc.constantFrom('always', 'never', 'unexpected'),
  exitCodes: fc.constantFrom([0], [], [0, 3]),
  stopWaitMs: fc.constantFrom(0, 10_000),
});

const anyChoice = fc.record({
  pick: fc.nat({ max: 1_000 }),
  waitMs: fc.constantFrom(0, 0, 1, 1_500, 12_000),
  code: fc.constantFrom(0, 1, 3, 255),
});

test('whatever happens, one child at a time, released when known, and stopped stays stopped', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(anyDefinition, fc.array(anyChoice, { maxLength: 40 }), (overrides, choices) => {
      const world = new World(aDefinition('web', overrides));
      for (const { pick, waitMs, code } of choices) {
        world.nowMs += waitMs;
        const inputs = world.possibleInputs(code);
        world.take(inputs[pick % inputs.length] as ProcessInput);
        seen.add(world.process.state);
      }
    }),
    { numRuns: 500 },
  );
  assert.equal(seen.size, PROCESS_STATES.length - 1, `too tame, saw only ${[...seen]}`);
});
