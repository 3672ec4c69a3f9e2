/**
 * A full stop through crashes: at one moment after the other of its two halves the controller or an
 * agent is killed, or the network between them is cut. However that is, each process ends once and
 * starts once, the operation ends well, and what the agents and the controller have on record about
 * it is the same.
 *
 * `FLEETVISOR_TEST_LONG=1` strikes everybody at every moment.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Operation } from '../../proto/operation.ts';
import { DEFAULT_STRATEGY } from '../../proto/strategy.ts';
import type { AgentEvent, TargetOutcome } from '../../proto/vocabulary.ts';
import { type Cable, layCable } from './fleet/cable.ts';
import { Chronicle, type Moment } from './fleet/chronicle.ts';
import type { Daemon } from './fleet/daemon.ts';
import { createFleet, type Fleet } from './fleet/harness.ts';
import { begin, ended, target } from './fleet/operations.ts';

const HOSTS = ['db-1', 'db-2'] as const;
type Host = (typeof HOSTS)[number];

/** In two tiers on two hosts: four lines for who is told, four for who is gone, four for starts. */
const QUICK = ['low', 'high'] as const;
/** The same, but long enough in STARTING to be struck there. */
const SLOW_TO_START = ['base', 'top'] as const;
const LINES_OF_STOPS = 8;
const LINES = 12;

const VICTIMS = ['controller', 'agent', 'cable'] as const;
type Victim = (typeof VICTIMS)[number];

const ROUNDS = Array.from({ length: LINES }, (_, index) => index + 1).flatMap((line) =>
  VICTIMS.filter(
    (_, turn) =>
      process.env['FLEETVISOR_TEST_LONG'] === '1' || turn === (line + 2) % VICTIMS.length,
  ).map((victim) => ({ line, victim })),
);

let fleet: Fleet;
let chronicle: Chronicle;
let controller: Daemon;
let cable: Cable;
const agents = new Map<Host, Daemon>();

before(async () => {
  fleet = await createFleet();
  chronicle = new Chronicle(fleet);
  controller = await fleet.startController();
  cable = await layCable(fleet.port);
  await Promise.all(HOSTS.map(startAgent));
  await allRun();
});

after(async () => {
  fleet?.[Symbol.dispose]();
  await cable?.[Symbol.asyncDispose]();
});

async function startAgent(host: Host): Promise<void> {
  const programs = [
    ...QUICK.map((name, tier) => [name, `priority = ${1 + tier}`, 'startsecs = 0'] as const),
    ...SLOW_TO_START.map(
      (name, tier) => [name, `priority = ${1 + tier}`, 'startsecs = 1'] as const,
    ),
  ].map(([name, ...settings]) => chronicle.program(host, name, ...settings));
  agents.set(host, await fleet.startAgent(host, { programs: programs.join(''), port: cable.port }));
}

async function allRun(): Promise<void> {
  for (const host of HOSTS) {
    for (const name of [...QUICK, ...SLOW_TO_START]) await fleet.running(host, name);
  }
}

test('whoever is killed, and whenever, each process ends once and starts once', async (t) => {
  for (const { line, victim } of ROUNDS) {
    await t.test(`${victim} at line ${line} of ${LINES}`, () => survive(line, victim));
  }
});

test('that it must stop early is known to the next controller too', async () => {
  await allRun();
  await chronicle.allUp();
  chronicle.begin();
  const [first, then] = SLOW_TO_START;
  using broken = chronicle.breakStart('db-1', first);
  const strategy = { ...DEFAULT_STRATEGY, onError: 'fail' } as const;
  const request = { verb: 'restart', hosts: '@*', processes: SLOW_TO_START, strategy } as const;
  using held = chronicle.hold('told', 'db-2', first);
  const id = await begin(fleet, request);
  await target(fleet, { id, host: 'db-1', process: first }, ({ state }) => state === 'failed');
  await strikeController();
  held[Symbol.dispose]();
  const { targets } = await ended(fleet, id);
  assert.deepEqual(
    targets.map(({ host, process, state }) => [host, process, state]),
    [
      ['db-1', first, 'failed'],
      ['db-2', first, 'succeeded'],
      ['db-1', then, 'not-attempted'],
      ['db-2', then, 'not-attempted'],
    ],
  );
  broken[Symbol.dispose]();
  for (const host of HOSTS) assert.ok(!chronicle.has('told', host, then));
});

async function survive(line: number, victim: Victim): Promise<void> {
  await allRun();
  await chronicle.allUp();
  chronicle.begin();
  const processes = line > LINES_OF_STOPS ? SLOW_TO_START : QUICK;
  using frozen = chronicle.freezeAt(line);
  const request = { verb: 'restart', hosts: '@*', processes, fullStop: true } as const;
  const id = await begin(fleet, request);
  await fleet.until(`line ${line}`, () => chronicle.entries().length >= line, { askEveryMs: 2 });
  const isBack = strike(victim, line);
  // Half of the time the world goes on while the victim is away.
  if (line % 2 === 0) frozen[Symbol.dispose]();
  await isBack;
  frozen[Symbol.dispose]();
  const operation = await ended(fleet, id);
  assert.deepEqual(
    operation.targets.map(({ host, process, state, stopped, error }) => [
      ...[host, process, state, stopped, error],
    ]),
    processes.flatMap((name) => HOSTS.map((host) => [host, name, 'succeeded', true, null])),
  );
  await chronicle.allUp();
  assertOnceEach(processes);
  await assertRecordsAgree(operation);
}

function strike(victim: Victim, line: number): Promise<void> {
  switch (victim) {
    case 'controller':
      return strikeController();
    case 'agent':
      return strikeAgent(HOSTS.find((host) => host !== chronicle.entries()[line - 1]?.host));
    case 'cable':
      cable.cut();
      return Promise.resolve();
  }
}

async function strikeController(): Promise<void> {
  await controller.end('SIGKILL');
  controller = await fleet.startController();
}

/** Of the host that does not hold the line up: at the last line of the stops, all of it is down. */
async function strikeAgent(host: Host | undefined): Promise<void> {
  assert.ok(host);
  await agents.get(host)?.end('SIGKILL');
  await startAgent(host);
}

function assertOnceEach(processes: readonly string[]): void {
  const at = (moment: Moment) =>
    HOSTS.flatMap((host) => processes.map((name) => chronicle.at(moment, host, name)));
  chronicle.assertAllBefore(at('gone'), at('started'), 'all are down before one comes up');
}

interface Verdict {
  readonly host: string;
  readonly process: string;
  readonly verb: string;
  readonly outcome: TargetOutcome | null;
}

/** What the agents have in their journals, what they reported, and what the controller made of it. */
async function assertRecordsAgree({ id, targets }: Operation): Promise<void> {
  const journals = HOSTS.flatMap((host) => journalled(host, id));
  assert.equal(journals.length, 2 * targets.length, 'a stop and a start for each');
  const reported = reportedVerdicts(id);
  for (const { host, process, verb, outcome } of journals) {
    const about = reported.filter(
      (each) => each.host === host && each.process === process && each.verb === verb,
    );
    assert.ok(about.length > 0, `${verb} ${process} on ${host} was reported`);
    // Reported again, after a repeated command: the same words.
    for (const each of about) assert.deepEqual(each.outcome, outcome);
  }
  const now = await fleet.processes();
  for (const { host, process, oldPid, newPid } of targets) {
    const outcomeOf = (verb: string) =>
      journals.find((each) => each.host === host && each.process === process && each.verb === verb)
        ?.outcome;
    assert.equal(oldPid, outcomeOf('stop')?.oldPid);
    assert.equal(newPid, outcomeOf('start')?.newPid);
    assert.equal(newPid, now.get(`${host} ${process}`)?.status.pid);
  }
}

function journalled(host: Host, id: string): readonly Verdict[] {
  return fleet
    .query<{ readonly record: string }>(
      `${host}/journal.db`,
      `SELECT record FROM targets WHERE operation = '${id}'`,
    )
    .map(({ record }) => ({ ...(JSON.parse(record) as Omit<Verdict, 'host'>), host }));
}

function reportedVerdicts(id: string): readonly Verdict[] {
  return fleet
    .query<{ readonly host: string; readonly event: string }>(
      'controller/fleet.db',
      `SELECT host, event FROM events WHERE json_extract(event, '$.operationId') = '${id}'`,
    )
    .map(({ host, event }) => ({ host, ...(JSON.parse(event) as AgentEvent) }))
    .filter((each) => each.kind === 'targetSettled');
}
