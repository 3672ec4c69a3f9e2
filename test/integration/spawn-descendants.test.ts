/**
 * What a program has started, when the program is stopped: counted, or ended with it. Real
 * processes, in the places where daemons hide from a signal to the program or its group.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openProcessTable } from '../../agent/adapters/host/process-table.ts';
import type { ProcessDefinition } from '../../agent/core/definition.ts';
import type { Child } from '../../agent/core/process.ts';
import { isAlive, statusField } from './fleet/processes.ts';
import { eventually } from './fleet/wait.ts';
import { openChildren, type RealChildren } from './spawn-harness.ts';

/** Whoever goes by one of these names in the stage's folder writes its pid there. */
const HIDDEN = ['leads-a-session', 'orphan-in-a-group', 'child-of-the-orphan'] as const;

/** `timeout` makes itself a process group; what a subshell leaves in the background is an orphan. */
const FAMILY = `#!/bin/sh
cd "\${0%/*}"
note='echo $$ > $0.new && mv $0.new $0.pid && exec sleep 1000'
setsid sh -c "$note" leads-a-session &
( timeout 1000 sh -c 'echo $PPID > orphan-in-a-group.pid; '"$note" child-of-the-orphan & )
`;

/** Ends at SIGTERM, whatever becomes of the others. */
const ENDING = `${FAMILY}trap 'exit 0' TERM; while :; do sleep 0.02; done\n`;

interface Stage {
  readonly real: RealChildren;
  readonly definition: ProcessDefinition;
  readonly child: Child;
  readonly hidden: readonly number[];
}

async function aFamily(
  context: TestContext,
  overrides: Partial<ProcessDefinition>,
  script = ENDING,
): Promise<Stage> {
  const real = openChildren(context);
  const definition = real.define('web', { command: real.script('family', script), ...overrides });
  const child = await real.running(definition);
  const hidden = await Promise.all(HIDDEN.map((name) => pidIn(join(real.folder, `${name}.pid`))));
  context.after(() => {
    for (const pid of hidden.filter(isAlive)) process.kill(pid, 'SIGKILL');
  });
  return { real, definition, child, hidden };
}

function pidIn(path: string): Promise<number> {
  return eventually(path, () => existsSync(path) && (Number(readFileSync(path, 'utf8')) || null));
}

function stop(
  { real, definition, child }: Omit<Stage, 'hidden'>,
  signal = 'TERM',
  wholeGroup = false,
) {
  return real.children.stop(definition.process, child, signal, wholeGroup);
}

test('they are where a signal to the group does not reach them', async (context) => {
  const { child, hidden } = await aFamily(context, {});
  const [leader, orphan, grandchild] = hidden.map((pid) => ({
    parent: Number(statusField(pid, 'PPid')),
    ids: readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ').slice(2, 4),
  }));
  assert.equal(leader?.parent, child.pid);
  assert.notEqual(orphan?.parent, child.pid);
  assert.equal(grandchild?.parent, hidden[1]);
  assert.deepEqual(leader?.ids, [`${hidden[0]}`, `${hidden[0]}`]);
  assert.deepEqual(orphan?.ids, [`${hidden[1]}`, `${child.pid}`]);
});

test('without stop_descendants they live on, and are counted', async (context) => {
  const stage = await aFamily(context, { stopDescendants: false });
  assert.deepEqual(stop(stage, 'TERM', true), { kind: 'delivered' });
  const ended = await stage.real.exited(stage.definition.process);
  assert.equal(ended.leftBehind, 3);
  assert.ok(stage.hidden.every(isAlive));
});

test('with it they are gone when the end is told', async (context) => {
  const stage = await aFamily(context, { stopDescendants: true });
  stop(stage);
  const ended = await stage.real.exited(stage.definition.process);
  assert.deepEqual(ended.exit, { kind: 'code', code: 0 });
  assert.equal(ended.leftBehind, 0);
  assert.deepEqual(stage.hidden.filter(isAlive), []);
});

test('those that ignore the stop signal are waited for, and end with the SIGKILL that follows', async (context) => {
  const script = ENDING.replace("note='", `note='trap "" TERM; `);
  const stage = await aFamily(context, { stopDescendants: true }, script);
  stop(stage);
  await eventually('the program has ended', () => !isAlive(stage.child.pid));
  assert.deepEqual(stage.hidden.filter(isAlive), stage.hidden);
  killAgainAndAgain(context, stage);
  assert.equal((await stage.real.exited(stage.definition.process)).leftBehind, 0);
  assert.deepEqual(stage.hidden.filter(isAlive), []);
});

test('another program, its keeper and the agent are no descendants of a program', async (context) => {
  const stage = await aFamily(context, { stopDescendants: true });
  const other = stage.real.define('other', { command: 'sleep 1000' });
  const bystander = await stage.real.running(other);
  stop(stage);
  await stage.real.exited(stage.definition.process);
  assert.ok(isAlive(bystander.pid));
  assert.ok(isAlive(bystander.keeperPid));
});

test('a program that ends by itself leaves what it has started alone', async (context) => {
  const stage = await aFamily(context, { stopDescendants: true });
  process.kill(stage.child.pid, 'SIGTERM');
  const ended = await stage.real.exited(stage.definition.process);
  assert.equal(ended.leftBehind, undefined);
  assert.ok(stage.hidden.every(isAlive));
});

/** What each does before it ends; its successor has begun by then, so there are never more than a few. */
const CHAINS = { 'faster than anybody counts': 'sleep 0.02', 'and end at once': '' };

for (const [how, rest] of Object.entries(CHAINS)) {
  test(`descendants that fork ${how} are overtaken`, async (context) => {
    const real = openChildren(context);
    // Without its file there is no successor, so none outlives the test.
    const chain = real.script('chain', `#!/bin/sh\n"$0" &\n${rest}\n`);
    const begun = join(real.folder, 'begun');
    const script = `#!/bin/sh
for each in 1 2 3; do ${chain} & done
trap 'exit 0' INT
: > ${begun}
while :; do sleep 0.02; done
`;
    const command = real.script('family', script);
    const definition = real.define('web', { command, stopDescendants: true });
    const child = await real.running(definition);
    await eventually('it has multiplied', () => existsSync(begun));
    real.children.stop(definition.process, child, 'INT', false);
    await eventually('the program has ended', () => !isAlive(child.pid));
    assert.ok(isAnyoneAlive(child.pid));
    killAgainAndAgain(context, { real, definition, child });
    assert.equal((await real.exited(definition.process)).leftBehind, 0);
    assert.ok(!isAnyoneAlive(child.pid));
  });
}

/** They are too quick to be counted, but each leaves its pid behind until somebody reaps it. */
function isAnyoneAlive(session: number): boolean {
  const look = () =>
    openProcessTable()
      .snapshot()
      .filter((entry) => entry.session === session);
  const earlier = new Set(look().map(({ pid }) => pid));
  return look().some(({ pid, isDead }) => !isDead || !earlier.has(pid));
}

/** As the core does after `stopwaitsecs`. */
function killAgainAndAgain(context: TestContext, stage: Omit<Stage, 'hidden'>): void {
  const killing = setInterval(() => stop(stage, 'KILL'), 100);
  context.after(() => clearInterval(killing));
}
