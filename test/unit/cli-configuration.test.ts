import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FleetError, refusal } from '../../proto/errors.ts';
import type { ConfiguredProcess, HostAnswer, HostReport } from '../../proto/host-questions.ts';
import { hostId, processName } from '../../proto/vocabulary.ts';
import { fleetctl } from '../fakes/cli-run.ts';

const report = (host: string, answer: HostAnswer): HostReport => ({ host: hostId(host), answer });
const reread = (...changes: readonly (readonly [string, 'changed' | 'available'])[]) =>
  ({
    kind: 'reread',
    changes: changes.map(([group, change]) => ({ group, change })),
  }) as const;
const away: HostAnswer = { kind: 'unreachable', error: 'not connected' };
const wrong: HostAnswer = {
  kind: 'failed',
  error: 'agent.conf:3: [program:web] command: missing\n    say what to run\nagent.conf:9: more',
};

function configured(text: string, more: Partial<ConfiguredProcess> = {}): ConfiguredProcess {
  const [group = '', name = group] = text.split(':');
  const tier = { groupPriority: 999, priority: 5 };
  const rest = { inUse: true, autostart: true, ...tier, ...more };
  return { process: processName(group, name), group, name, ...rest };
}

const avail = (...processes: readonly ConfiguredProcess[]): HostAnswer => ({
  kind: 'avail',
  processes,
});

const MIXED = [
  report('web-1', reread(['worker', 'changed'], ['queue', 'available'])),
  report('web-2', reread()),
  report('web-3', wrong),
  report('web-4', away),
  report('web-5', reread(['worker', 'changed'], ['queue', 'available'])),
  report('web-6', away),
];

test('reread tells in words of supervisorctl what differs, hosts that say the same together', async () => {
  const { stdout, exitCode, asked } = await fleetctl(['reread', '--hosts', 'web-*'], {
    reports: MIXED,
  });
  assert.deepEqual(stdout.split('\n'), [
    'web-[1,5]: worker: changed',
    'web-[1,5]: queue: available',
    'web-2: No config updates to processes',
    'web-3: FAILED:',
    '    agent.conf:3: [program:web] command: missing',
    '        say what to run',
    '    agent.conf:9: more',
    'web-[4,6]: UNREACHABLE: not connected',
    '',
  ]);
  assert.equal(exitCode, 10);
  assert.deepEqual(asked, [{ question: 'reread', hosts: 'web-*' }]);
});

test('the exit code says whether every host has answered, and what was in the way', async () => {
  const codeOf = async (...answers: readonly HostAnswer[]) => {
    const reports = answers.map((answer, index) => report(`web-${index}`, answer));
    return (await fleetctl(['reread', '--hosts', '@*'], { reports })).exitCode;
  };
  assert.equal(await codeOf(reread(), reread(['web', 'changed'])), 0);
  assert.equal(await codeOf(reread(), away), 11);
  assert.equal(await codeOf(away, wrong, reread()), 10);
  const denied = new FleetError(refusal('denied', 'no'));
  assert.equal((await fleetctl(['avail', '--hosts', '@*'], { reports: denied })).exitCode, 5);
});

test('avail is a table in which what is configured alike stands once', async () => {
  const web = [configured('web:web_0'), configured('web:web_1')];
  const reports = [
    report('web-1', avail(...web, configured('queue', { inUse: false }))),
    report('web-2', avail(...web, configured('queue', { autostart: false }))),
    report('web-3', avail()),
    report('web-4', away),
  ];
  const { stdout, exitCode } = await fleetctl(['avail', '--hosts', 'web-*'], { reports });
  assert.deepEqual(stdout.split('\n'), [
    'PROCESS         STATE    START    TIER    HOSTS',
    'queue           avail    auto     999:5   web-1',
    'queue           in use   manual   999:5   web-2',
    'web:web_[0-1]   in use   auto     999:5   web-[1-2]',
    'web-3: no process is configured',
    'web-4: UNREACHABLE: not connected',
    '',
  ]);
  assert.equal(exitCode, 11);
});

test('a narrow screen cuts the hosts of a row, and says how many it left out', async () => {
  const reports = Array.from({ length: 60 }, (_, index) =>
    report(`host-${index * 2}-${'x'.repeat(20)}`, avail(configured('web'))),
  );
  const { stdout } = await fleetctl(['avail', '--hosts', '@*'], {
    reports,
    screen: { columns: 80, rows: 24 },
  });
  assert.match(stdout, / more\n$|60 hosts\n$/);
  const whole = (await fleetctl(['avail', '--hosts', '@*'], { reports })).stdout;
  assert.match(whole, /host-\[0,2,.*,118\]-x+\n$/);
});

test('JSON has an item for each host, with null where there was no answer', async () => {
  const { stdout } = await fleetctl(['reread', '--hosts', '@*', '-o', 'json'], {
    reports: MIXED.slice(1, 4),
  });
  const { error } = wrong as Extract<HostAnswer, { kind: 'failed' }>;
  assert.deepEqual(JSON.parse(stdout), {
    apiVersion: 'fleetvisor/v1',
    kind: 'ConfigurationChangeList',
    items: [
      { host: 'web-2', state: 'answered', changes: [], error: null },
      { host: 'web-3', state: 'failed', changes: null, error },
      { host: 'web-4', state: 'unreachable', changes: null, error: 'not connected' },
    ],
  });
  const lines = await fleetctl(['avail', '--hosts', '@*', '-o', 'jsonl'], {
    reports: [report('web-1', avail(configured('web:web_0'))), report('web-2', away)],
  });
  assert.deepEqual(
    lines.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
    [
      {
        host: 'web-1',
        state: 'answered',
        processes: [{ ...configured('web:web_0') }],
        error: null,
      },
      { host: 'web-2', state: 'unreachable', processes: null, error: 'not connected' },
    ],
  );
});

test('hosts must be named, and the refusal says how', async () => {
  for (const command of ['reread', 'avail']) {
    const without = await fleetctl([command], {});
    assert.equal(without.exitCode, 2);
    assert.match(without.stderr, new RegExp(`${command} needs --hosts`));
    assert.match(without.stderr, new RegExp(`fleetctl ${command} --hosts 'prod-\\*'`));
    const empty = await fleetctl([command, '--hosts', ' '], {});
    assert.equal(empty.exitCode, 2);
    assert.match(empty.stderr, /the selection of hosts is empty/);
    assert.deepEqual([...without.asked, ...empty.asked], []);
  }
});

test('names and errors from other machines cannot steer the terminal', async () => {
  const evil = '\u001b[2J\n';
  const reports = [
    report(evil, { kind: 'reread', changes: [{ group: evil, change: 'changed' }] }),
    report('web-1', { kind: 'failed', error: `one${evil}two\u202e` }),
  ];
  const { stdout } = await fleetctl(['reread', '--hosts', '@*'], { reports });
  assert.deepEqual(stdout.split('\n'), [
    '\\x1b[2J\\x0a: \\x1b[2J\\x0a: changed',
    'web-1: FAILED:',
    '    one\\x1b[2J',
    '    two\\u202e',
    '',
  ]);
  const processes = [configured(evil)];
  const table = await fleetctl(['avail', '--hosts', '@*'], {
    reports: [report('web-1', { kind: 'avail', processes })],
  });
  assert.match(table.stdout, /^PROCESS.*\n\\x1b\[2J\\x0a {3}in use/);
});
