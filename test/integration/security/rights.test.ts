/**
 * An operator with few rights who wants more: each way around a role, tried against the controller
 * itself with requests that fleetctl would never send.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Client } from '@grpc/grpc-js';
import { encodeLogsRequest } from '../../../proto/codec/logs.ts';
import { encodeSteering, encodeSubmission } from '../../../proto/codec/submission.ts';
import type { OperationRequest } from '../../../proto/operation.ts';
import type { OperationId } from '../../../proto/vocabulary.ts';
import { createFleet, type Fleet, operationRequest } from '../fleet/harness.ts';
import { begin, ended, target } from '../fleet/operations.ts';
import { readCredentials } from '../fleet/pki.ts';
import { callRpc, rawClient } from './rpcs.ts';

const ROLES = `[role:web-oncall]
allow = status, logs, restart, signal
deny = stop
hosts = web-*
processes = web
signals = HUP
max_hosts = 1
reason_required = true
[operator:seb]
roles = web-oncall
`;

let fleet: Fleet;
let seb: Client;
/** Of an admin, on what is not seb's; it goes on. */
let operation: OperationId;
/** Of an admin, too; it has failed. */
let failed: OperationId;

before(async () => {
  fleet = await createFleet({ controller: ROLES });
  await fleet.startController();
  const program = (name: string, more = ''): string =>
    `[program:${name}]\ncommand = sleep 1000\n${more}`;
  const slow = 'startsecs = 60\nautostart = false\n';
  await Promise.all([
    fleet.startAgent('web-1', {
      programs: program('web', 'startsecs = 0\n') + program('private', slow),
    }),
    fleet.startAgent('db-1', {
      programs: `${program('web', 'startsecs = 0\n')}[program:broken]
command = /nowhere/broken
autostart = false
`,
    }),
  ]);
  await Promise.all([fleet.running('web-1', 'web'), fleet.running('db-1', 'web')]);
  operation = await begin(fleet, { verb: 'start', hosts: 'web-1', processes: ['private'] });
  const started = { id: operation, host: 'web-1', process: 'private' };
  await target(fleet, started, ({ state }) => state === 'accepted');
  failed = await begin(fleet, { verb: 'start', hosts: 'db-1', processes: ['broken'] });
  await ended(fleet, failed);
  const files = await fleet.pki.issue({ kind: 'operator', name: 'seb' });
  const trust = { ca: fleet.pki.authority.certificatePem, fleet: 'test' };
  seb = rawClient(fleet.port, readCredentials(files, 'operator'), trust);
});

after(() => {
  seb?.close();
  fleet?.[Symbol.dispose]();
});

const submission = (request: Partial<OperationRequest>): object =>
  encodeSubmission({
    kind: 'operation',
    request: operationRequest({
      ...{ verb: 'restart', hosts: 'web-1', processes: ['web'], reason: 'because' },
      ...request,
    }),
  });

const logsOf = (hosts: string, process: string): object =>
  encodeLogsRequest({
    ...{ hosts, processes: [process], channels: ['stdout'], allowedOnly: false },
    selection: { from: { kind: 'lines', lines: 1 }, sinceMs: null, grep: null, follow: false },
  });

const steering = (action: 'cancel' | 'pause' | 'resume'): object =>
  encodeSteering({ operation, action, kill: false, reason: 'because' });

const AGAIN = 'to do again what another did';
/** About one thing of another's, of which nobody learns even that it is there. */
const NOT_THERE: ReadonlySet<string> = new Set([
  ...['Control.SteerOperation', 'Control.ListEvents', 'Control.GetOperation'],
  ...['Control.WatchOperation', 'Control.ExplainTargets'],
]);

const ATTACKS: readonly (readonly [what: string, rpc: string, request: () => object])[] = [
  ['another host', 'Control.SubmitOperation', () => submission({ hosts: 'db-1' })],
  ['another host among his', 'Control.SubmitOperation', () => submission({ hosts: 'web-1,db-1' })],
  ['everything', 'Control.SubmitOperation', () => submission({ hosts: '@*', processes: ['*'] })],
  ['another process', 'Control.SubmitOperation', () => submission({ processes: ['private'] })],
  ['all processes', 'Control.SubmitOperation', () => submission({ processes: ['*'] })],
  ['what is denied', 'Control.SubmitOperation', () => submission({ verb: 'stop' })],
  ['a verb of no role', 'Control.SubmitOperation', () => submission({ verb: 'start' })],
  [
    'another signal',
    'Control.SubmitOperation',
    () => submission({ verb: 'signal', signal: 'KILL' }),
  ],
  ['no reason', 'Control.SubmitOperation', () => submission({ reason: ' \n' })],
  [
    'the whole host',
    'Control.SubmitOperation',
    () => submission({ verb: 'update', processes: [] }),
  ],
  ['a plan of it', 'Control.PlanOperation', () => submission({ hosts: 'db-1' })],
  [
    AGAIN,
    'Control.SubmitOperation',
    () =>
      encodeSubmission({
        ...{ kind: 'retry', id: operationRequest(NOTHING).id, of: failed, reason: 'because' },
        ...{ expectHosts: null, allowedOnly: false },
      }),
  ],
  ['to cancel what another began', 'Control.SteerOperation', () => steering('cancel')],
  ['to pause what another began', 'Control.SteerOperation', () => steering('pause')],
  ['logs of another host', 'Control.ReadLogs', () => logsOf('db-1', 'web')],
  ['logs of another process', 'Control.ReadLogs', () => logsOf('web-1', 'private')],
  ['logs of all', 'Control.ReadLogs', () => logsOf('@*', '*')],
  ['events of another host', 'Control.ListEvents', () => ({ host: 'db-1', limit: 10 })],
  ['to see what another began', 'Control.GetOperation', () => ({ id: operation })],
  ['to watch what another began', 'Control.WatchOperation', () => ({ id: operation })],
  ['to have it explained', 'Control.ExplainTargets', () => ({ id: operation, host: 'web-1' })],
  [
    'to have a host read its configuration',
    'Control.AskHosts',
    () => ({ hosts: 'web-1', question: 'HOST_QUESTION_REREAD' }),
  ],
];

const NOTHING = { verb: 'restart', hosts: '', processes: [] } as const;

for (const [what, rpc, request] of ATTACKS) {
  test(`${what} is refused (${rpc})`, async () => {
    const { status, message } = await callRpc(seb, rpc, request());
    assert.equal(status, NOT_THERE.has(rpc) || what === AGAIN ? 'not found' : 'permission denied');
    assert.equal(message, null);
  });
}

test('what is not theirs is not in their lists, and they are told how much that is', async () => {
  const { message } = await callRpc(seb, 'Control.ListProcesses', { hosts: '', processes: [] });
  const listed = message as {
    readonly processes: readonly { readonly host: string; readonly status: { process: string } }[];
    readonly withheldHosts: number;
    readonly withheldProcesses: number;
  };
  const names = listed.processes.map(({ host, status }) => `${host} ${status.process}`);
  assert.deepEqual(names, ['web-1 web']);
  assert.deepEqual([listed.withheldHosts, listed.withheldProcesses], [1, 1]);
  const operations = await callRpc(seb, 'Control.ListOperations', { runningOnly: false, limit: 0 });
  assert.deepEqual(operations.message, { operations: [] });
  const certificates = await callRpc(seb, 'Authority.ListCertificates', { all: true });
  assert.doesNotMatch(JSON.stringify(certificates.message), /db-1|alice/);
});

test('an operation is its submitter’s: its id gets nobody else anything', async () => {
  const request = submission({});
  const first = await callRpc(seb, 'Control.SubmitOperation', request);
  assert.equal(first.status, 'ok', 'what is allowed is done');
  const again = await callRpc(seb, 'Control.SubmitOperation', request);
  const idOf = (message: object | null) => (message as { readonly id: string } | null)?.id;
  assert.equal(idOf(again.message), idOf(first.message), 'a repeat is the same operation');
  const client = await fleet.client();
  const taken = operationRequest({ ...NOTHING, hosts: 'web-1', processes: ['web'], id: operation });
  const replayed = encodeSubmission({ kind: 'operation', request: taken });
  const stolen = await callRpc(seb, 'Control.SubmitOperation', replayed);
  assert.equal(stolen.status, 'already exists');
  const { state } = (await client.getOperation(operation)).targets[0] ?? assert.fail();
  assert.equal(state, 'accepted', 'and that of the other goes on');
  await fleet.until('the try is on record', () => {
    const [row] = fleet.query<{ count: number }>(
      'controller/fleet.db',
      `SELECT count(*) AS count FROM audit WHERE entry ->> '$.actor.name' = 'seb'
         AND entry ->> '$.outcome' = 'refused' AND entry ->> '$.detail' LIKE 'conflict%'`,
    );
    return row?.count === 1;
  });
});
