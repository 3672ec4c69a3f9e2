/**
 * What a person sees of logs on a real terminal, into which a program has written what would take
 * the terminal over.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createFleet, type Fleet } from './fleet/harness.ts';
import { belowCommand, openTerminal } from './terminal/operator-terminal.ts';
import { drawn } from './terminal/tmux.ts';

let fleet: Fleet;

before(async () => {
  fleet = await createFleet();
  await fleet.startController();
  // Erase the screen, go to its top, begin to overwrite; a title; invisible text; no UTF-8.
  const hostile = fleet.script(
    'hostile',
    `printf 'begin\\033[2J\\033[HGOTCHA\\r overwritten\\n'
printf '\\033]0;title\\007\\233K\\377\\n'
printf 'warn\\033[8m\\n' >&2
exec sleep 1000
`,
  );
  await fleet.startAgent('web-1', {
    programs: `[program:hostile]\ncommand = ${hostile}\nstartsecs = 0\n`,
  });
  await fleet.running('web-1', 'hostile');
  await fleet.until('it has printed', async () => {
    const { stdout } = await fleet.fleetctl('logs', 'hostile', '--hosts', 'web-1');
    return stdout.split('\n').length > 3;
  });
});

after(() => fleet?.[Symbol.dispose]());

const LINES = [
  String.raw`begin\x1b[2J\x1b[HGOTCHA\x0d overwritten`,
  '\\x1b]0;title\\x07\ufffdK\ufffd',
];

test('logs: whatever a program prints stays on its line, and is shown for what it is', async () => {
  await using terminal = await openTerminal(fleet);
  await terminal.run('fleetctl logs hostile --hosts web-1');
  const sight = await terminal.ended();
  assert.equal(sight.exitCode, 0);
  const lines = belowCommand(sight) ?? assert.fail(drawn(sight));
  const expected = [
    ...LINES.map((line) => `web-1 hostile | ${line}`),
    String.raw`web-1 hostile ! warn\x1b[8m`,
  ];
  assert.deepEqual(lines.slice(0, -1).toSorted(), expected.toSorted());
});

test('tail: so does it without a prefix; following ends at Ctrl-C, below what was shown', async () => {
  await using terminal = await openTerminal(fleet);
  await terminal.run('fleetctl tail -f hostile --hosts web-1');
  await terminal.until('it is shown', ({ rows }) => rows.some((row) => row.includes('title')));
  await terminal.press('C-c');
  const sight = await terminal.ended();
  assert.equal(sight.exitCode, 130);
  const lines = belowCommand(sight) ?? assert.fail(drawn(sight));
  assert.deepEqual(lines.slice(0, -1), [...LINES, '^C']);
});
