/**
 * A terminal of an operator, and programs and agents that want to have it: what fleetctl shows moves
 * no cursor, sets no title, copies nothing and stands in nobody else's name.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createFleet, type Fleet } from '../fleet/harness.ts';
import { begin } from '../fleet/operations.ts';
import { readCredentials } from '../fleet/pki.ts';
import { belowCommand, openTerminal } from '../terminal/operator-terminal.ts';
import { drawn, type Terminal } from '../terminal/tmux.ts';
import { type AgentStream, dialAsAgent } from './agent-stream.ts';
import { FORGED, PAYLOAD, playHostile } from './hostile-agent.ts';

let fleet: Fleet;
let evil: AgentStream;
let operation: string;

before(async () => {
  fleet = await createFleet();
  await fleet.startController();
  fleet.write('payload', `${PAYLOAD}\nlast\n`);
  const script = (name: string, does: string): string =>
    `[program:${name}]\ncommand = ${fleet.script(name, `${does}\nexec sleep 1000\n`)}\nstartsecs = 0\n`;
  await Promise.all([
    fleet.startAgent('web-1', { programs: script('web', `cat '${fleet.path('payload')}'`) }),
    fleet.startAgent('web-2', { programs: script('db', 'echo honest') }),
  ]);
  await Promise.all([fleet.running('web-1', 'web'), fleet.running('web-2', 'db')]);
  const files = await fleet.pki.issue({ kind: 'agent', name: 'evil-1' });
  evil = dialAsAgent(fleet.port, readCredentials(files, 'agent'));
  await playHostile(evil);
  await fleet.until('it is shown', async () => (await fleet.processes()).has('evil-1 web'));
  operation = await begin(fleet, {
    ...{ verb: 'restart', hosts: 'evil-1', processes: ['web'], reason: PAYLOAD },
  });
  await fleet.until('it has failed', async () => {
    const { targets } = await (await fleet.client()).getOperation(operation);
    return targets.every(({ state }) => state === 'failed');
  });
});

after(() => {
  evil?.[Symbol.dispose]();
  fleet?.[Symbol.dispose]();
});

const OWNED = { title: 'owned', copied: 'owned' } as const;

test('what they print does all of it to a terminal that nobody protects', async () => {
  await using terminal = await openTerminal(fleet);
  await terminal.run('cat payload');
  await terminal.until('it is a line of its own', ({ rows }) =>
    rows.some((row) => row.startsWith(FORGED)),
  );
  assert.deepEqual(await terminal.unseen(), OWNED);
});

async function assertUntouched(terminal: Terminal): Promise<readonly string[]> {
  const { title, copied } = await terminal.unseen();
  assert.notEqual(title, OWNED.title);
  assert.equal(copied, '');
  const sight = await terminal.look();
  const lines = belowCommand(sight) ?? assert.fail(drawn(sight));
  for (const line of lines) assert.ok(!line.startsWith(FORGED), drawn(sight));
  return lines;
}

test('logs -f of two hosts: each line is in the name of who printed it', async () => {
  await using terminal = await openTerminal(fleet);
  await terminal.run("fleetctl logs -f '*' --hosts web-1,web-2");
  await terminal.until('both have told all', ({ rows }) =>
    ['last', 'honest'].every((word) => rows.some((row) => row.endsWith(word))),
  );
  await terminal.press('C-c');
  await terminal.ended();
  const lines = await assertUntouched(terminal);
  assert.ok(lines.includes(`web-1 web | ${FORGED}`), lines.join('\n'));
  assert.ok(lines.includes('web-2 db  | honest'), lines.join('\n'));
});

test('status, describe, op show and audit list: nothing of it comes to be', async () => {
  await using terminal = await openTerminal(fleet);
  await terminal.resize(200, 60);
  for (const [command, code] of [
    ['status', 3],
    ['describe evil-1', 0],
    ['describe evil-1/web', 0],
    [`op show ${operation}`, 0],
    ['audit list', 0],
    ['restart web --hosts evil-1 --yes', 10],
  ] as const) {
    await terminal.run(`fleetctl ${command}`);
    await terminal.ended();
    const lines = await assertUntouched(terminal);
    const own = lines.slice(
      lines.findLastIndex((line) => line.endsWith(`fleetctl ${command}`)) + 1,
    );
    assert.ok(own.slice(0, -1).join('\n').includes('evil-1'), own.join('\n'));
    assert.ok(own.at(-1)?.startsWith(`[${code}] $`), own.join('\n'));
  }
});
