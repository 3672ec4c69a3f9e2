/**
 * What an agent, or an operator, says in any text field stays text: nothing that fleetctl prints moves
 * a cursor, begins a line in another's name or breaks a document, and the database holds.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Daemon } from '../fleet/daemon.ts';
import { createFleet, type Fleet, type FleetctlResult } from '../fleet/harness.ts';
import { readCredentials } from '../fleet/pki.ts';
import { type AgentStream, dialAsAgent } from './agent-stream.ts';
import { FORGED, HOSTILE_NAME, PAYLOAD, playHostile } from './hostile-agent.ts';

let fleet: Fleet;
let controller: Daemon;
let agent: AgentStream;
let operation: string;

before(async () => {
  fleet = await createFleet();
  controller = await fleet.startController();
  const files = await fleet.pki.issue({ kind: 'agent', name: 'evil-1' });
  agent = dialAsAgent(fleet.port, readCredentials(files, 'agent'));
  await playHostile(agent);
  await fleet.until('it is shown', async () => (await fleet.processes()).has('evil-1 web'));
  const reason = PAYLOAD.replaceAll('\u0000', '');
  const target = ['web', '--hosts', 'evil-1', '--yes', '--reason', reason];
  const restarted = await fleet.fleetctl('restart', ...target, '-o', 'json');
  operation = restarted.json<{ readonly id: string }>().id;
  await fleet.fleetctl('restart', 'web', '--hosts', reason, '--yes', '--reason', reason);
});

after(() => {
  agent?.[Symbol.dispose]();
  fleet?.[Symbol.dispose]();
});

/** C0 but for line ends, DEL, C1, what turns text around, separators of lines, what is invisible. */
const HARMFUL =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

function assertHarmless({ stdout, stderr }: FleetctlResult, command: string): void {
  for (const text of [stdout, stderr]) {
    const found = HARMFUL.exec(text);
    const around = JSON.stringify(text.slice(Math.max(0, (found?.index ?? 0) - 60)).slice(0, 120));
    assert.equal(found, null, `${command} prints a control character: ${around}`);
    for (const line of text.split('\n')) {
      // Indented, it is a further line of what stands above.
      assert.ok(!line.startsWith(FORGED), `${command} prints a forged line: ${line}`);
    }
  }
}

const COMMANDS: readonly {
  readonly words: readonly string[];
  readonly code: number;
  /** The name of the host, unless there is nothing of it. */
  readonly shows?: string;
}[] = [
  { words: ['status'], code: 3 },
  { words: ['hosts'], code: 0 },
  { words: ['describe', 'evil-1'], code: 0 },
  { words: ['describe', 'evil-1/web'], code: 0 },
  { words: ['avail', '--hosts', 'evil-1'], code: 10 },
  { words: ['reread', '--hosts', 'evil-1'], code: 10 },
  { words: ['restart', '*', '--hosts', 'evil-1', '--yes'], code: 10 },
  { words: ['restart', '*', '--hosts', 'evil-1', '--dry-run'], code: 0 },
  {
    words: ['status', HOSTILE_NAME, '--hosts', HOSTILE_NAME],
    code: 2,
    shows: 'cannot stand in the name of a host',
  },
  { words: ['op', 'list'], code: 0 },
  { words: ['op', 'show', 'OPERATION'], code: 0 },
  { words: ['op', 'explain', 'OPERATION', 'evil-1'], code: 0 },
  { words: ['op', 'retry', 'OPERATION', '--yes'], code: 10 },
  { words: ['auth', 'can', 'restart', '--hosts', 'evil-1'], code: 0 },
  { words: ['cert', 'list'], code: 0 },
  { words: ['audit', 'list'], code: 0 },
  { words: ['audit', 'verify'], code: 0, shows: 'sound: rows 1 to ' },
  { words: ['logs', 'web', '--hosts', 'evil-1', '-o', 'jsonl'], code: 10 },
];

for (const { words, code, shows = 'evil-1' } of COMMANDS) {
  test(`fleetctl ${words
    .join(' ')
    .slice(0, 60)
    .replace(/[^ -~]/g, '?')}`, async () => {
    const command = words.map((word) => (word === 'OPERATION' ? operation : word));
    const result = await fleet.fleetctl(...command);
    assertHarmless(result, command.join(' '));
    const said = result.stdout + result.stderr;
    assert.equal(result.code, code, said);
    assert.ok(said.includes(shows), said);
  });
}

for (const words of [['status'], ['hosts'], ['op', 'list'], ['op', 'show', 'OPERATION']]) {
  test(`fleetctl ${words.join(' ')} -o json is one document, with the text whole in it`, async () => {
    const command = words.map((word) => (word === 'OPERATION' ? operation : word));
    const result = await fleet.fleetctl(...command, '-o', 'json');
    assertHarmless(result, command.join(' '));
    const document = JSON.stringify(result.json());
    assert.ok(document.includes(JSON.stringify('DROP TABLE hosts').slice(1, -1)), 'it is there');
  });
}

test('fleetctl audit export is one document a line, and the record is sound', async () => {
  const result = await fleet.fleetctl('audit', 'export');
  assertHarmless(result, 'audit export');
  const rows = result.stdout.trimEnd().split('\n');
  assert.ok(rows.length >= 3);
  for (const row of rows) JSON.parse(row);
  assert.equal((await fleet.fleetctl('audit', 'verify')).code, 0);
});

test('the database has every table, and what was said in it as it was said', () => {
  const [check] = fleet.query<{ integrity_check: string }>(
    'controller/fleet.db',
    'PRAGMA integrity_check',
  );
  assert.equal(check?.integrity_check, 'ok');
  const hosts = fleet.query<{ host: string; labels: string }>(
    'controller/fleet.db',
    'SELECT host, labels FROM hosts',
  );
  assert.deepEqual(
    hosts.map(({ host, labels }) => [host, Object.keys(JSON.parse(labels) as object)]),
    [['evil-1', [HOSTILE_NAME, 'env']]],
  );
});

test('the log of the controller is one document a line', () => {
  const lines = controller.stderr().trimEnd().split('\n');
  assert.ok(lines.some((line) => line.includes('DROP TABLE')));
  for (const line of lines) {
    assert.doesNotMatch(line, HARMFUL);
    JSON.parse(line);
  }
});
