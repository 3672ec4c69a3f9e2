import assert from 'node:assert/strict';
import { test } from 'node:test';
import { familyOf } from '../../agent/adapters/children/descendants.ts';
import { Families } from '../../agent/adapters/children/families.ts';
import { Stops } from '../../agent/adapters/children/stops.ts';
import type { Child, SignalResult } from '../../agent/core/process.ts';
import { knownProcessName } from '../../proto/vocabulary.ts';
import { virtualClock } from '../fakes/agent-clock.ts';
import { aDefinition } from '../fakes/agent-process.ts';
import { PaperProcesses } from '../fakes/process-table.ts';

const WEB = knownProcessName('web');
const AGENT_PID = 5;

interface Sent {
  readonly signal: string;
  readonly pid: number;
}

/** The agent 5, the keeper 9 and the program 10, whose children are 11 and, in a session of its own, 12. */
function aStage(answer: (sent: Sent) => SignalResult = () => ({ kind: 'delivered' })) {
  const processes = new PaperProcesses();
  processes.add([1, 0, 1], [AGENT_PID, 1, 5], [9, 5, 9], [10, 9, 10], [11, 10, 10], [12, 10, 12]);
  const sent: string[] = [];
  const warnings: string[] = [];
  const facts: object[] = [];
  const told: object[] = [];
  const clock = virtualClock();
  const table = processes.table();
  const stops = new Stops({
    table,
    families: new Families({ table, agentPid: AGENT_PID, ownPids: () => [9] }),
    clock,
    log: {
      warn: (details, text) => {
        facts.push(details);
        warnings.push(text);
      },
    },
    send: (signal, pid) => {
      // Asks alone whether somebody is there.
      if (signal === '0') return { kind: processes.isAnyoneIn(-pid) ? 'delivered' : 'gone' };
      sent.push(`${signal} ${pid}`);
      return answer({ signal, pid });
    },
  });
  return {
    ...{ processes, sent, warnings, facts, told, stops },
    /** To a program that is there, as `ChildProcesses.stop` has it. */
    stop: (signal = 'TERM') => stops.signal(WEB, aChild(10), signal),
    /** The program has ended, and its keeper with it. */
    end(stopDescendants: boolean) {
      processes.end(10, 9);
      const definition = aDefinition('web', { stopDescendants });
      stops.ended(definition, aChild(10), (rest) => told.push(rest));
    },
    /** Lets time pass; what is read in it is read in turns of its own. */
    pass: clock.pass,
    nowMs: clock.nowMs,
  };
}

function aChild(pid: number): Child {
  const keeper = { keeperPid: 9, keeperStartToken: 't9' };
  return { pid, startToken: `t${pid}`, ...keeper, bootId: 'boot-1' };
}

test('the end of a program that nobody stopped is told at once, and nothing of what it left', () => {
  const stage = aStage();
  stage.end(true);
  assert.deepEqual(stage.told, [{}]);
});

test('without descendants the end is told at once', () => {
  const stage = aStage();
  stage.processes.end(11, 12);
  stage.stop();
  stage.end(false);
  assert.deepEqual(stage.told, [{ leftBehind: 0 }]);
});

test('what is left of a program is counted, never signalled, and holds its end up for 0.1 s', async () => {
  const stage = aStage();
  stage.stop();
  stage.end(false);
  await stage.pass(90);
  assert.deepEqual(stage.told, []);
  await stage.pass(100);
  assert.deepEqual(stage.told, [{ leftBehind: 2 }]);
  assert.deepEqual(stage.sent, []);
});

test('what ends a moment after the program was not left behind', async () => {
  const stage = aStage();
  stage.stop();
  stage.end(false);
  stage.processes.end(11, 12);
  await stage.pass(10);
  assert.deepEqual(stage.told, [{ leftBehind: 0 }]);
});

test('with stop_descendants the rest gets the stop signal when the program has ended, not before', async () => {
  const stage = aStage();
  stage.stop();
  assert.deepEqual(stage.sent, []);
  stage.end(true);
  assert.deepEqual(stage.sent, ['TERM 11', 'TERM 12']);
  await stage.pass(1_000);
  stage.processes.end(11);
  await stage.pass(1_000);
  assert.deepEqual(stage.told, []);
  stage.processes.end(12);
  await stage.pass(1_000);
  assert.deepEqual(stage.told, [{ leftBehind: 0 }]);
  assert.deepEqual(stage.sent, ['TERM 11', 'TERM 12']);
});

test('every further signal of the stop goes to the rest, and to whom that has started meanwhile', async () => {
  const stage = aStage();
  stage.stop();
  stage.end(true);
  stage.processes.add([13, 12, 12]);
  await stage.pass(1_000);
  assert.deepEqual(stage.sent.slice(2), ['TERM 13']);
  stage.processes.add([14, 13, 13]);
  stage.stop('KILL');
  const members = ['KILL 11', 'KILL 12', 'KILL 13', 'KILL 14'];
  // 14 is in the session, and the group, of 13; 15 is said to be in one that 14 has begun since.
  const groups = ['KILL -10', 'KILL -12', 'KILL -13'];
  assert.deepEqual(stage.sent.slice(3).sort(), [...groups, ...members]);
  stage.processes.add([15, 14, 14]);
  await stage.pass(1_000);
  assert.deepEqual(stage.sent.slice(10).sort(), [...groups, 'KILL -14', 'KILL 15']);
  stage.processes.end(11, 12, 13, 14, 15);
  await stage.pass(1_000);
  assert.deepEqual(stage.told, [{ leftBehind: 0 }]);
});

test('who was killed with the program is asked first, as the program was', () => {
  const stage = aStage();
  stage.stop('INT');
  stage.stop('KILL');
  stage.end(true);
  assert.deepEqual(stage.sent, ['INT 11', 'INT 12']);
});

test('an orphan that was started just before the end is found too', async () => {
  const stage = aStage();
  stage.processes.end(11, 12);
  stage.stop();
  stage.processes.add([13, 10, 10]);
  stage.end(true);
  await stage.pass(1_000);
  assert.deepEqual(stage.sent, ['TERM 13']);
});

test('who may not be signalled is not waited for, and counts as left behind', async () => {
  const stage = aStage(({ pid }) =>
    pid === 12 ? { kind: 'failed', error: 'EPERM' } : { kind: 'delivered' },
  );
  stage.stop();
  stage.end(true);
  stage.processes.end(11);
  await stage.pass(1_000);
  assert.deepEqual(stage.told, [{ leftBehind: 1 }]);
});

test('a pid that has passed to somebody else is neither signalled nor waited for', async () => {
  const stage = aStage();
  stage.stop();
  stage.processes.add([11, 1, 11, 'another'], [12, 1, 12, 'another']);
  stage.end(true);
  await stage.pass(1_000);
  assert.deepEqual(stage.sent, []);
  assert.deepEqual(stage.told, [{ leftBehind: 0 }]);
});

test('a table that cannot be read holds no end up, unless everything is to end with it', async () => {
  const stages = [aStage(), aStage()];
  for (const stage of stages) stage.stop();
  // What was read for the first signal serves no later turn.
  await Promise.resolve();
  for (const [index, stage] of stages.entries()) {
    stage.processes.isBlind = true;
    stage.stop('KILL');
    stage.end(index === 1);
  }
  for (const stage of stages) await stage.pass(5_000);
  const [counting, ending] = stages;
  assert.deepEqual(counting?.told, [{ leftBehind: 2 }]);
  assert.deepEqual(counting?.warnings, ['what it has started cannot be told']);
  assert.deepEqual(ending?.told, []);
  if (ending === undefined) return;
  ending.processes.isBlind = false;
  ending.processes.end(11, 12);
  await ending.pass(1_000);
  assert.deepEqual(ending.told, [{ leftBehind: 0 }]);
});

test('without a look at the table nobody is known to be gone', async () => {
  const stage = aStage();
  stage.processes.end(11, 12);
  stage.stop();
  stage.processes.isBlind = true;
  stage.end(true);
  await stage.pass(5_000);
  assert.deepEqual(stage.told, []);
  stage.processes.isBlind = false;
  await stage.pass(1_000);
  assert.deepEqual(stage.told, [{ leftBehind: 0 }]);
});

test('a pid that passes to somebody else while others are signalled is left alone', () => {
  const stage = aStage(({ pid }) => {
    if (pid === 11) stage.processes.add([12, 1, 12, 'another']);
    return { kind: 'delivered' };
  });
  stage.stop();
  stage.end(true);
  assert.deepEqual(stage.sent, ['TERM 11']);
});

test('the table is read once for all that are stopped in one turn, and again in the next', async () => {
  const stage = aStage();
  for (let pid = 100; pid < 300; pid += 1) {
    stage.processes.add([pid, 9, pid]);
    stage.stops.signal(knownProcessName(`web-${pid}`), aChild(pid), 'TERM');
  }
  assert.equal(stage.processes.snapshots, 1);
  await Promise.resolve();
  stage.stop();
  assert.equal(stage.processes.snapshots, 2);
});

test('a stop of an earlier child says nothing about the end of a later one', () => {
  const stage = aStage();
  stage.stop();
  stage.processes.end(10);
  stage.processes.add([20, 9, 20]);
  const definition = aDefinition('web', { stopDescendants: true });
  stage.stops.ended(definition, aChild(20), (rest) => stage.told.push(rest));
  stage.stops.ended(definition, null, (rest) => stage.told.push(rest));
  assert.deepEqual(stage.told, [{}, {}]);
});

test('who is missed in one reading of the table is found in the next', async () => {
  const stage = aStage();
  stage.processes.end(12);
  stage.stop();
  stage.end(true);
  // It ended after it was listed, and its child was not listed yet.
  stage.processes.end(11);
  await stage.pass(10);
  stage.processes.add([13, 1, 10]);
  await stage.pass(10);
  assert.deepEqual(stage.sent, ['TERM 11', 'TERM 13']);
  assert.deepEqual(stage.told, []);
});

/** A chain: whoever is there has begun its successor and ended; each look finds one that is dead. */
async function passWithChain(
  { processes, pass }: ReturnType<typeof aStage>,
  pids: readonly number[],
) {
  for (const [index, pid] of pids.entries()) {
    processes.end(pids[index - 1] ?? 0);
    processes.add([pid, 1, 10]);
    processes.die(pid);
    await pass(10);
  }
}

const numbers = (first: number, count: number) =>
  Array.from({ length: count }, (_, i) => first + i);

test('while others in its session have just died somebody may be there, and is killed by the group', async () => {
  const stage = aStage();
  stage.processes.end(11, 12);
  stage.stop();
  stage.end(true);
  await passWithChain(stage, numbers(100, 20));
  assert.deepEqual(stage.told, []);
  assert.deepEqual(stage.sent, [], 'it is not yet time for SIGKILL');
  stage.stop('KILL');
  assert.deepEqual(stage.sent, ['KILL -10']);
  await passWithChain(stage, [200, 201]);
  assert.deepEqual(stage.told, []);
  assert.ok(stage.sent.length > 1 && stage.sent.every((sent) => sent === 'KILL -10'));
  // The last of them stays: nobody reaps it.
  await stage.pass(1_000);
  assert.deepEqual(stage.told, [{ leftBehind: 0 }]);
  assert.deepEqual(stage.warnings, []);
});

test('what is seen when a signal is sent counts as well', async () => {
  const stage = aStage();
  stage.processes.end(11, 12);
  stage.stop();
  stage.end(true);
  await stage.pass(10);
  stage.processes.add([100, 1, 10]);
  stage.processes.die(100);
  stage.stop('KILL');
  await stage.pass(10);
  assert.deepEqual(stage.told, []);
  await stage.pass(10);
  assert.deepEqual(stage.told, [{ leftBehind: 0 }]);
});

test('somebody whom the table never shows is there while their group can be signalled', async () => {
  const stage = aStage();
  stage.processes.end(12);
  stage.stop();
  stage.end(true);
  stage.processes.end(11);
  let isThere = true;
  stage.processes.isAnyoneIn = (group) => isThere && group === 10;
  await stage.pass(2_000);
  assert.deepEqual(stage.told, []);
  isThere = false;
  await stage.pass(1_000);
  assert.deepEqual(stage.told, [{ leftBehind: 0 }]);
});

test('whoever is still there 5 s after SIGKILL is left behind, and named', async () => {
  const stage = aStage();
  stage.stop();
  stage.end(true);
  await stage.pass(20_000);
  assert.deepEqual(stage.told, [], 'nobody has sent SIGKILL');
  stage.stop('KILL');
  await stage.pass(3_000);
  stage.stop('KILL');
  stage.processes.end(11);
  await stage.pass(1_900);
  assert.deepEqual(stage.told, []);
  await stage.pass(600);
  assert.deepEqual(stage.told, [{ leftBehind: 1 }]);
  assert.deepEqual(stage.facts, [{ process: WEB, leftBehind: 1, pids: [12] }]);
  assert.match(stage.warnings[0] ?? '', /outlives SIGKILL/);
  await stage.pass(10_000);
  assert.equal(stage.told.length, 1);
});

test('a stop signal of KILL counts as the first', async () => {
  const stage = aStage();
  stage.stop('KILL');
  stage.end(true);
  await stage.pass(5_600);
  assert.deepEqual(stage.told, [{ leftBehind: 2 }]);
});

test('a chain that nothing overtakes, and a table that stays blind, hold no end up for ever', async () => {
  for (const isBlind of [false, true]) {
    const stage = aStage();
    stage.processes.end(11, 12);
    stage.stop();
    await stage.pass(0);
    stage.end(true);
    stage.processes.isBlind = isBlind;
    stage.stop('KILL');
    await passWithChain(stage, numbers(100, 560));
    assert.deepEqual(stage.told, [{ leftBehind: 1 }]);
    if (isBlind)
      assert.deepEqual(stage.sent, [], 'what was read before says nothing of groups now');
  }
});

test('a session is not lost while its group is there, though only others are seen', async () => {
  const stage = aStage();
  stage.stop();
  stage.end(true);
  stage.processes.end(11);
  stage.processes.isAnyoneIn = (group) => group === 10;
  await stage.pass(10);
  stage.processes.add([13, 1, 10]);
  await stage.pass(10);
  assert.deepEqual(stage.sent, ['TERM 11', 'TERM 12', 'TERM 13']);
});

test('an agent that is about to end looks no more', async () => {
  const stage = aStage();
  stage.stop();
  stage.end(true);
  stage.stops[Symbol.dispose]();
  const { snapshots } = stage.processes;
  await stage.pass(10_000);
  assert.equal(stage.processes.snapshots, snapshots);
});

test('who takes their time are looked at twice a second together, no more often', async () => {
  const stage = aStage();
  stage.processes.add([20, 9, 20], [21, 20, 20]);
  const other = aDefinition('other', { stopDescendants: true });
  stage.stops.signal(other.process, aChild(20), 'TERM');
  stage.stop();
  stage.end(true);
  stage.processes.end(20);
  stage.stops.ended(other, aChild(20), () => assert.fail('21 is still there'));
  await stage.pass(5_000);
  const { snapshots } = stage.processes;
  await stage.pass(60_000);
  assert.equal(stage.processes.snapshots - snapshots, 120);
});

test('programs that are stopped in one turn are strangers to each other, and the table is read once', () => {
  const processes = new PaperProcesses();
  // There is no setsid(1): each is in the session of its keeper.
  processes.add([1, 0, 1], [AGENT_PID, 1, 5], [9, 5, 9], [10, 9, 9], [11, 10, 9], [12, 1, 9]);
  processes.add([19, 5, 19], [20, 19, 19], [21, 20, 19], [22, 1, 19], [29, 10, 29], [30, 29, 29]);
  const table = processes.table();
  const families = new Families({
    table,
    agentPid: AGENT_PID,
    ownPids: () => [9, 10, 19, 20, 29, 30],
  });
  const found = (pid: number, keeperPid: number) => {
    const child = { ...aChild(pid), keeperPid };
    return [...families.find(child, familyOf(child)).members.keys()].sort((a, b) => a - b);
  };
  assert.deepEqual(
    [found(10, 9), found(20, 19)],
    [
      [10, 11, 12],
      [20, 21, 22],
    ],
  );
  assert.deepEqual(found(30, 29), [30], 'whose keeper is a child of another program');
  assert.equal(processes.snapshots, 1);
});
