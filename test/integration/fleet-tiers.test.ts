/**
 * Priorities across hosts, from what the programs themselves write down: a tier is finished on every
 * host before the next begins, upwards when something starts, downwards when it stops.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { Daemon } from './fleet/daemon.ts';
import { createFleet, type Fleet, type OperationDocument } from './fleet/harness.ts';

const HOSTS = ['db-1', 'db-2'] as const;
const TIERS = ['low', 'mid', 'high'] as const;
const PRIORITIES = { low: 1, mid: 5, high: 10 } as const;
/** `startsecs` of every program: so long a tier takes at the least. */
const START_SECONDS = 1;
/** Agents count from the fork, programs write when they are loaded; half leaves room for a busy machine. */
const TIER_MS = START_SECONDS * 500;

let fleet: Fleet;
const agents = new Map<string, Daemon>();

before(async () => {
  fleet = await createFleet();
  const chronicler = fleet.script(
    'chronicler',
    `say() { echo "$(date +%s%N) $1 $NAME $HOST" >> "$CHRONICLE"; }
trap 'say told; sleep 0.2; say gone; kill $!; exit 0' TERM
say started
sleep 1000 & wait $!
`,
  );
  const programs = (host: string): string =>
    // Not in the order of their priorities, so that the file's order cannot pass for it.
    (['mid', 'high', 'low'] as const)
      .map(
        (name) => `[program:${name}]
command = ${chronicler}
environment = NAME="${name}",HOST="${host}",CHRONICLE="${fleet.path('chronicle')}"
priority = ${PRIORITIES[name]}
startsecs = ${START_SECONDS}
`,
      )
      .join('');
  await fleet.startController();
  await Promise.all(
    HOSTS.map(async (host) => {
      agents.set(host, await fleet.startAgent(host, { programs: programs(host) }));
      for (const name of TIERS) await fleet.running(host, name);
    }),
  );
});

beforeEach(() => {
  chronicleFrom = chronicleLength;
});

after(() => fleet?.[Symbol.dispose]());

interface Entry {
  readonly atMs: number;
  readonly what: string;
  readonly name: string;
  readonly host: string;
}

let chronicleFrom = 0;
let chronicleLength = 0;

/** What was written since the present test began. */
function chronicle(): readonly Entry[] {
  const lines = fleet.lines('chronicle');
  chronicleLength = lines.length;
  return lines.slice(chronicleFrom).map((line) => {
    const [atNs = '', what = '', name = '', host = ''] = line.split(' ');
    return { atMs: Number(atNs) / 1e6, what, name, host };
  });
}

function times(entries: readonly Entry[], what: string, name: string): readonly number[] {
  return entries
    .filter((entry) => entry.what === what && entry.name === name)
    .map(({ atMs }) => atMs);
}

/** Every `later` of one tier at least `gapMs` after every `earlier` of the one before it. */
function assertInOrder(
  tiers: readonly string[],
  { earlier, later, gapMs }: { earlier: string; later: string; gapMs: number },
  entries: readonly Entry[],
): void {
  for (const [index, tier] of tiers.entries()) {
    const before = tiers[index - 1];
    if (before === undefined) continue;
    const ended = Math.max(...times(entries, earlier, before));
    const began = Math.min(...times(entries, later, tier));
    assert.ok(
      began - ended >= gapMs,
      `${tier} ${later} ${Math.round(began - ended)} ms after ${before} ${earlier}, not ${gapMs}`,
    );
  }
}

function countOf(entries: readonly Entry[], what: string): number {
  return entries.filter((entry) => entry.what === what).length;
}

test('at boot each agent starts its tiers upwards, each when the one before it runs', () => {
  const entries = chronicle();
  assert.equal(countOf(entries, 'started'), 6);
  for (const host of HOSTS) {
    const own = entries.filter((entry) => entry.host === host);
    assertInOrder(TIERS, { earlier: 'started', later: 'started', gapMs: TIER_MS }, own);
  }
});

test('a restart finishes each tier on both hosts before it touches the next', async () => {
  const result = await fleet.fleetctl('restart', 'all', '--hosts', '@*', '-o', 'json');
  assert.equal(result.code, 0, result.stderr);
  const { waves, targets } = result.json<OperationDocument>();
  assert.deepEqual(
    waves.map(({ priority, targets: count }) => [priority, count]),
    [
      [1, 2],
      [5, 2],
      [10, 2],
    ],
  );
  assert.deepEqual(
    targets.map(({ host, process, wave }) => `${wave} ${process} ${host}`),
    TIERS.flatMap((name, wave) => HOSTS.map((host) => `${wave} ${name} ${host}`)),
  );
  const entries = chronicle();
  assert.deepEqual([countOf(entries, 'gone'), countOf(entries, 'started')], [6, 6]);
  assertInOrder(TIERS, { earlier: 'started', later: 'told', gapMs: TIER_MS }, entries);
});

test('a stop goes downwards, and waits for the slowest of each tier', async () => {
  const result = await fleet.fleetctl('stop', 'all', '--hosts', '@*');
  assert.equal(result.code, 0, result.stderr);
  const entries = chronicle();
  assert.equal(countOf(entries, 'gone'), 6);
  assertInOrder(TIERS.toReversed(), { earlier: 'gone', later: 'told', gapMs: 0 }, entries);
});

test('a start goes upwards again', async () => {
  const result = await fleet.fleetctl('start', 'all', '--hosts', '@*');
  assert.equal(result.code, 0, result.stderr);
  const entries = chronicle();
  assert.equal(countOf(entries, 'started'), 6);
  assertInOrder(TIERS, { earlier: 'started', later: 'started', gapMs: TIER_MS }, entries);
});

test('an agent that is told to end stops its own tiers downwards, and leaves nothing behind', async () => {
  const [first, second] = HOSTS;
  for (const [host, signal] of [
    [first, 'SIGTERM'],
    [second, 'SIGINT'],
  ] as const) {
    assert.deepEqual(await agents.get(host)?.end(signal), { code: 0, signal: null });
    assert.deepEqual(fleet.leftOn(host), []);
  }
  const entries = chronicle();
  assert.equal(countOf(entries, 'gone'), 6);
  for (const host of HOSTS) {
    const own = entries.filter((entry) => entry.host === host);
    assertInOrder(TIERS.toReversed(), { earlier: 'gone', later: 'told', gapMs: 0 }, own);
  }
  const status = await fleet.fleetctl('status');
  assert.equal(status.code, 3);
  assert.match(status.stdout, /db-1\s+high\s+UNREACHABLE/);
});
