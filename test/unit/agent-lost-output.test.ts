import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LostOutput } from '../../agent/adapters/logs/lost-output.ts';
import { knownProcessName } from '../../proto/vocabulary.ts';
import { virtualClock } from '../fakes/agent-clock.ts';

const [WEB, WORKER] = [knownProcessName('web'), knownProcessName('worker')];

function aCount() {
  const clock = virtualClock();
  const told: string[] = [];
  const lost = new LostOutput(clock, (process, { totalBytes }) => {
    told.push(`${clock.nowMs()} ${process} ${totalBytes}`);
  });
  return { clock, told, lost };
}

test('losses are added up for each process and told once a second', async () => {
  const { clock, told, lost } = aCount();
  for (let tenth = 0; tenth < 15; tenth += 1) {
    lost.add(WEB, 10);
    if (tenth === 3) lost.add(WORKER, 7);
    await clock.pass(100);
  }
  await clock.pass(10_000);
  assert.deepEqual(told, ['1000 web 100', '1000 worker 7', '2000 web 150']);
});

test('while nothing more is lost nothing is told', async () => {
  const { clock, told, lost } = aCount();
  lost.add(WEB, 1);
  await clock.pass(60_000);
  lost.add(WEB, 1);
  assert.deepEqual(told, ['1000 web 1'], 'never in the middle of a write');
  await clock.pass(60_000);
  assert.deepEqual(told, ['1000 web 1', '61000 web 2']);
});

test('a process that comes back under its name begins at nothing', async () => {
  const { clock, told, lost } = aCount();
  lost.add(WEB, 5);
  lost.forget(WEB);
  await clock.pass(2_000);
  lost.add(WEB, 3);
  await clock.pass(2_000);
  assert.deepEqual(told, ['3000 web 3']);
});
