/** What a person sees who stops the watching with Ctrl-Z, does something else, and comes back. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createFleet, type Fleet } from './fleet/harness.ts';
import { HeldPrograms } from './terminal/held-programs.ts';
import { belowCommand, openTerminal } from './terminal/operator-terminal.ts';
import { drawn, type Sight } from './terminal/tmux.ts';

let fleet: Fleet;
let programs: HeldPrograms;

before(async () => {
  fleet = await createFleet();
  programs = new HeldPrograms(fleet);
  await fleet.startController();
  await fleet.startAgent('web-1', { programs: programs.section('web-1', 'web') });
  await fleet.running('web-1', 'web');
});

after(() => fleet?.[Symbol.dispose]());

const STOPPING = /^web-1 {3}web {3}stopping {6}(\d+) s {3}until it exits or is killed$/;
const RESTARTED = /^web-1 {3}web {3}restarted {5}pid \d+ → \d+ {3}\d+\.\d s$/;

test('after Ctrl-Z and fg the view goes on below what was written meanwhile, which stays', async () => {
  await using terminal = await openTerminal(fleet);
  programs.hold('web-1');
  await terminal.run('fleetctl restart web --hosts=web-1');
  const shownFor = ({ rows }: Sight) => Number(STOPPING.exec(rows.findLast(isStopping) ?? '')?.[1]);
  const isStopping = (row: string) => STOPPING.test(row);
  const first = await terminal.until('it is stopping', ({ rows }) => rows.some(isStopping));
  await terminal.press('C-z');
  await terminal.ended();
  await terminal.run('sleep 1.5; echo meanwhile');
  await terminal.ended();
  await terminal.run('fg');
  // A frame of its own, and then one that was painted over it.
  const again = await terminal.until(
    'the view is back',
    (sight) => shownFor(sight) > shownFor(first),
  );
  await terminal.until('and goes on', (sight) => shownFor(sight) > shownFor(again));
  programs.letGo('web-1');
  const end = await terminal.ended();
  const below = belowCommand(end) ?? assert.fail(drawn(end));
  const back = below.findIndex((row) => row.endsWith('$ fg'));
  assert.ok(below.slice(0, back).includes('meanwhile'), drawn(end));
  const [called = '', restarted = '', sentence = '', prompt = '', ...more] = below.slice(back + 1);
  assert.match(called, /fleetctl restart/, drawn(end));
  assert.match(restarted, RESTARTED, drawn(end));
  assert.match(sentence, /^restarted 1 of 1 target /, drawn(end));
  assert.deepEqual([prompt, more], ['[0] $', []], drawn(end));
});
