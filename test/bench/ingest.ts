/**
 * How many state changes a second the controller takes in: the real driver, core and store on a
 * database file with `synchronous=FULL`, without sockets, 500 changes in each batch. Beside it the
 * floor: the same SQLite storing each change in a single statement, with no decision behind it.
 */
import { join } from 'node:path';
import { NOTHING_UNDER_WAY } from '../../controller/core/fleet.ts';
import type { FleetInput, FleetWrite } from '../../controller/core/state.ts';
import { createFleetDriver, type FleetDriver } from '../../controller/driver.ts';
import type { CommitResult } from '../../controller/ports.ts';
import { openStore } from '../../controller/store/open.ts';
import { systemClock } from '../../proto/clock.ts';
import { openDatabase } from '../../proto/sqlite.ts';
import { PRODUCT_VERSION, PROTOCOL_VERSION } from '../../proto/version.ts';
import { hostId, journalId, type ProcessStatus, processName } from '../../proto/vocabulary.ts';
import { aCertificate, PLAIN_AUTHORITY } from '../fakes/controller-fleet.ts';
import { PLAIN_STATUS } from '../fakes/plain-status.ts';
import type { Bench, BenchTools, Finding } from './bench.ts';
import { inTurn } from './spread.ts';

const HOSTS = 100;
const PROGRAMS = 10;
const BATCH = 500;
const BATCHES_PER_ROUND = 20;
const ROUNDS = 9;

export const ingest: Bench = {
  name: 'ingest',
  summary: `state changes into the controller's store, ${BATCH} in each batch, ${ROUNDS} rounds`,
  run,
};

async function run(tools: BenchTools): Promise<readonly Finding[]> {
  using controller = await openController(join(tools.directory, 'fleet.db'));
  using floor = openFloor(join(tools.directory, 'floor.db'));
  tools.note(`${HOSTS} hosts with ${PROGRAMS} programs; floor: one INSERT a change, same batches`);
  const spreads = await inTurn(ROUNDS, {
    own: changesPerSecond(changeAt, controller.ingest),
    floor: changesPerSecond(rowAt, floor.ingest),
  });
  return [
    {
      what: 'state changes into the store',
      unit: '/s',
      ours: spreads.own,
      peer: { name: 'bare SQLite', spread: spreads.floor },
      budget: { kind: 'atLeast', value: 50_000 },
    },
  ];
}

/** Takes in one batch, durably. */
type Ingest<Change> = (batch: readonly Change[]) => Promise<void> | void;

/** One round; what the changes are is made up before its clock starts. */
function changesPerSecond<Change>(
  make: (index: number) => Change,
  ingestBatch: Ingest<Change>,
): () => Promise<number> {
  let made = 0;
  const makeBatch = () => Array.from({ length: BATCH }, () => make(made++));
  return async () => {
    const batches = Array.from({ length: BATCHES_PER_ROUND }, makeBatch);
    const startedMs = performance.now();
    for (const batch of batches) await ingestBatch(batch);
    return (BATCHES_PER_ROUND * BATCH) / ((performance.now() - startedMs) / 1_000);
  };
}

/** A controller with all hosts connected; `ingest` resolves when a batch is durable. */
async function openController(path: string) {
  const store = openStore(path, Date.now());
  let committed = 0;
  let onCommitted = ignore;
  const commit = async (writes: readonly FleetWrite[]): Promise<CommitResult> => {
    const result = await store.commit(writes);
    committed += writes.filter(({ kind }) => kind === 'event').length;
    if (committed === BATCH) onCommitted();
    return result;
  };
  const driver = createFleetDriver(
    {
      clock: systemClock,
      store: { ...store, commit },
      links: {
        send: ignore,
        close: (_connection, { message }) => {
          throw new Error(message);
        },
      },
      log: { info: ignore, warn: ignore, error: ignore },
      onStoreBroken: (error) => {
        throw error;
      },
    },
    {
      ...store.contents,
      unreachableAfterMs: 15_000,
      hostGroups: new Map(),
      runbooks: new Map(),
      batchRequiredAbove: null,
      operationRetentionMs: 24 * 60 * 60 * 1_000,
      ...PLAIN_AUTHORITY,
      ...NOTHING_UNDER_WAY,
    },
  );
  connectHosts(driver);
  const ingest: Ingest<FleetInput> = (batch) =>
    new Promise((resolve) => {
      committed = 0;
      onCommitted = resolve;
      for (const input of batch) driver.deliver(input);
    });
  return { ingest, [Symbol.dispose]: () => store[Symbol.dispose]() };
}

/** Each host's connection has its host's number, and the session that it opened too. */
function connectHosts(driver: FleetDriver): void {
  for (let number = 1; number <= HOSTS; number += 1) {
    const from = { connection: number, host: hostId(`host-${number}`) };
    const journal = journalId(`journal-${number}`);
    const versions = { protocolVersion: PROTOCOL_VERSION, agentVersion: PRODUCT_VERSION };
    const labels = { env: 'prod', role: 'web' };
    const found = { adopted: 0, stateProblem: null, instanceId: 'one' };
    const hello = { kind: 'hello', ...versions, journalId: journal, labels, ...found } as const;
    const certificate = aCertificate(from.host);
    driver.deliver({ kind: 'hello', ...from, address: '127.0.0.1', certificate, hello });
    const processes = Array.from({ length: PROGRAMS }, (_, program) => statusOf(program, 0));
    const snapshot = {
      kind: 'snapshot',
      sessionEpoch: number,
      seq: 0,
      processes,
      configProblem: null,
      last: true,
    } as const;
    driver.deliver({ kind: 'message', ...from, message: snapshot });
  }
}

/** The changes go round the hosts, and on each host round its programs. */
function changeAt(index: number): FleetInput {
  const number = (index % HOSTS) + 1;
  const seq = Math.floor(index / HOSTS) + 1;
  const event = { kind: 'processChanged', process: statusOf(seq % PROGRAMS, seq) } as const;
  return {
    kind: 'message',
    connection: number,
    host: hostId(`host-${number}`),
    message: { kind: 'event', sessionEpoch: number, seq, atMs: Date.now(), event },
  };
}

function statusOf(program: number, restarts: number): ProcessStatus {
  const [group, name] = ['web', `web_${program}`];
  return {
    process: processName(group, name),
    group,
    name,
    program: 'web',
    groupPriority: 999,
    priority: 999,
    generation: 3,
    state: 'RUNNING',
    changedAtMs: Date.now(),
    pid: 10_000 + restarts,
    startedAtMs: Date.now(),
    restarts,
    ...PLAIN_STATUS,
  };
}

type Row = readonly [host: string, seq: number, status: ProcessStatus];

function rowAt(index: number): Row {
  const seq = Math.floor(index / HOSTS) + 1;
  return [`host-${(index % HOSTS) + 1}`, seq, statusOf(seq % PROGRAMS, seq)];
}

function openFloor(path: string) {
  const database = openDatabase({
    path,
    migrations: ['CREATE TABLE events (host TEXT, seq INTEGER, event TEXT) STRICT'],
  });
  const insert = database.prepare('INSERT INTO events VALUES (?, ?, ?)');
  const transaction = database.transaction((batch: readonly Row[]) => {
    for (const [host, seq, status] of batch) insert.run(host, seq, JSON.stringify(status));
  });
  const ingest: Ingest<Row> = (batch) => transaction.immediate(batch);
  return { ingest, [Symbol.dispose]: () => database.close() };
}

function ignore(): void {}
