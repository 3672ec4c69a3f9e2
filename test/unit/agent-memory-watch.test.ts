import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { MemoryWatch } from '../../agent/adapters/host/memory-watch.ts';
import type { ProcessDefinition } from '../../agent/core/definition.ts';
import { initialProcess, type ProcessRuntime } from '../../agent/core/process.ts';
import type { ProcessName, ProcessState } from '../../proto/vocabulary.ts';
import { aDefinition } from '../fakes/agent-process.ts';
import { PaperProcesses } from '../fakes/process-table.ts';

const MIB = 1024 * 1024;

/** One program, running as pid 10 with a limit of 100 MiB. */
function aStage(context: TestContext, overrides: Partial<ProcessDefinition> = {}) {
  const processes = new PaperProcesses();
  processes.add([10, 9, 10]);
  const seen: string[] = [];
  let runtime = runtimeOf(
    'RUNNING',
    aDefinition('web', { memoryMaxBytes: 100 * MIB, ...overrides }),
  );
  const watch = new MemoryWatch({
    table: processes.table(),
    processes: () => [[runtime.definition.process as ProcessName, runtime]],
    observe: (process, observation) => {
      if (observation.kind !== 'resident') throw new Error(observation.kind);
      const { bytes, child, operationId } = observation;
      seen.push(`${process} ${child.pid} ${bytes / MIB}`);
      assert.match(operationId, /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    },
    nowMs: () => 1_000,
    chance: () => new Uint8Array(10),
  });
  context.after(() => watch[Symbol.dispose]());
  return {
    ...{ processes, seen },
    become: (change: Partial<ProcessRuntime>) => {
      runtime = { ...runtime, ...change };
    },
    look(mebibytes?: number) {
      if (mebibytes !== undefined) processes.giveMemory(10, mebibytes * MIB);
      watch.look();
    },
  };
}

function runtimeOf(state: ProcessState, definition: ProcessDefinition): ProcessRuntime {
  return { ...initialProcess(definition, 0), state, child: aChild('t10') };
}

function aChild(startToken: string) {
  return { pid: 10, startToken, keeperPid: 9, keeperStartToken: 't9', bootId: 'boot-1' };
}

test('the first measure is news, and then every change by a twentieth', (context) => {
  const stage = aStage(context);
  for (const mebibytes of [40, 41, 41.9, 42, 43, 41, 39.9, 39]) stage.look(mebibytes);
  assert.deepEqual(stage.seen, ['web 10 40', 'web 10 42', 'web 10 39.9']);
});

test('above the limit it is told at each look, at the limit it is not', (context) => {
  const stage = aStage(context);
  for (const mebibytes of [100, 100, 101, 101, 101]) stage.look(mebibytes);
  assert.deepEqual(stage.seen, ['web 10 100', 'web 10 101', 'web 10 101', 'web 10 101']);
});

test('nobody looks at a program without a limit, or one that does not run', (context) => {
  const unlimited = aStage(context, { memoryMaxBytes: null });
  unlimited.look(40);
  const stopped = aStage(context);
  for (const state of ['STARTING', 'STOPPING', 'BACKOFF', 'UNKNOWN'] as const) {
    stopped.become({ state });
    stopped.look(40);
  }
  stopped.become({ state: 'RUNNING', child: null });
  stopped.look(40);
  assert.deepEqual([...unlimited.seen, ...stopped.seen], []);
});

test('the memory of somebody else with the same pid is not told', (context) => {
  const stage = aStage(context);
  stage.processes.add([10, 1, 10, 'another']);
  stage.look(400);
  assert.deepEqual(stage.seen, []);
});

test('what the next child has is news again', (context) => {
  const stage = aStage(context);
  stage.look(40);
  stage.processes.add([10, 9, 10, 'later']);
  stage.become({ child: aChild('later') });
  stage.look(40);
  assert.deepEqual(stage.seen, ['web 10 40', 'web 10 40']);
});

test('what cannot be measured now is measured at the next look', (context) => {
  const stage = aStage(context);
  stage.look(40);
  stage.processes.isBlind = true;
  stage.look(80);
  stage.processes.isBlind = false;
  stage.look(40.5);
  stage.look(80);
  assert.deepEqual(stage.seen, ['web 10 40', 'web 10 80']);
});
