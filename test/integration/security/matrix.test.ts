/**
 * Every RPC of the .proto files by everybody who could come: who is let in stands in `cases.ts`, and
 * whoever does not stand there is refused, by the same status for the same reason, and is on record.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Client } from '@grpc/grpc-js';
import { issueLeaf } from '../../../certs-tool/issue.ts';
import { actionOf } from '../../../controller/core/recorded-action.ts';
import type { Holder } from '../../../proto/identity-name.ts';
import { freePort } from '../fleet/free-port.ts';
import { begin, ended } from '../fleet/operations.ts';
import {
  type Callers,
  connectOnce,
  makeCallers,
  OPERATORS,
  OUTSIDE,
  requestBy,
  spareKey,
  trustOf,
  UNWELCOME,
  WELCOME,
  type Who,
} from './callers.ts';
import { CASES, type Case, type World } from './cases.ts';
import { newSecret, type OpenFleet, openFleet, SIGNS } from './newcomers.ts';
import { callPath, callRpc, declaredRpcs, loadedRpcs, rawClient, type Status } from './rpcs.ts';
import { credentialsUntil } from './short-lived.ts';

const SECOND_MS = 1_000;

/** On the listener for newcomers alone. */
const NEWCOMERS = ['Enrollment.Enrol', 'Enrollment.Return'] as const;

let open: OpenFleet;
let callers: Callers;
let world: World;

before(async () => {
  const letsIn = `enroll_listen = 127.0.0.1:${await freePort()}\n`;
  open = await openFleet(letsIn + SIGNS + OPERATORS);
  callers = await makeCallers(open);
  world = await makeWorld();
});

after(() => open?.[Symbol.dispose]());

async function makeWorld(): Promise<World> {
  const { fleet } = open;
  await fleet.startAgent('web-1', {
    programs: '[program:web]\ncommand = sleep 1000\nstartsecs = 0\n',
  });
  await fleet.running('web-1', 'web');
  await connectOnce(fleet, 'victim-1');
  await connectOnce(fleet, 'doomed-1');
  const operation = await begin(fleet, { verb: 'restart', hosts: 'web-1', processes: ['web'] });
  await ended(fleet, operation);
  const authority = await (await fleet.client()).authority();
  const usual = { kind: 'agent', names: '*', labels: {}, replaces: false, ttlMs: 60_000 } as const;
  const { token } = await authority.createToken(usual);
  const added = { kind: 'agent', name: 'added-1', nowMs: Date.now() } as const;
  const keys = await Promise.all(WELCOME.map((who) => spareKey(open, who.replace(' ', '-'))));
  const requests = new Map<Who, string>(
    keys.map((key, index) => [WELCOME[index] ?? 'admin', requestBy(key)]),
  );
  return {
    operation,
    token: token.id,
    certificatePem: (await issueLeaf(fleet.pki.authority, added)).certificatePem,
    csrPemOf: (who) => requests.get(who) ?? requests.get('admin') ?? '',
  };
}

const clientOf = (who: Who, port = open.fleet.port): Client =>
  rawClient(port, callers.get(who) ?? null, trustOf(open));

test('every RPC of the .proto files is looked at here, and no other is served', () => {
  const declared = declaredRpcs();
  assert.ok(declared.length > 25, `${declared.length} are declared`);
  assert.deepEqual(new Set(loadedRpcs()), new Set(declared), 'as the programs know them');
  const listed = new Set([...CASES.map(({ rpc }) => rpc), ...NEWCOMERS]);
  assert.deepEqual(listed, new Set(declared), 'as this test knows them');
});

/** The connection of one who was shut out may be closed under a call, which says nothing of the call. */
async function answerTo(client: Client, { rpc, request }: Case, who: Who) {
  const first = await callRpc(client, rpc, request(world, who));
  const isCut = first.status === 'unavailable' && (UNWELCOME as readonly Who[]).includes(who);
  return isCut ? callRpc(client, rpc, request(world, who)) : first;
}

const nameOf = ({ rpc, what }: Case): string => (what === undefined ? rpc : `${rpc} ${what}`);

/** Of everybody whom the table does not name. */
function refusalOf(who: Who): Status {
  return (OUTSIDE as readonly Who[]).includes(who) ? 'unavailable' : 'permission denied';
}

// Whoever is refused comes first, so that there would be something to change yet.
for (const who of [...OUTSIDE, ...UNWELCOME, ...WELCOME]) {
  test(`${who} may call what the table says, and nothing else`, async () => {
    const client = clientOf(who);
    const answers: Record<string, Status> = {};
    const expected: Record<string, Status> = {};
    for (const one of CASES) {
      const { status, details } = await answerTo(client, one, who);
      answers[nameOf(one)] = status;
      expected[nameOf(one)] = one.answers[who] ?? refusalOf(who);
      if (status !== 'ok') assert.notEqual(details, '', 'every refusal says why');
    }
    for (const rpc of NEWCOMERS) {
      answers[rpc] = (await callRpc(client, rpc, {})).status;
      expected[rpc] = (OUTSIDE as readonly Who[]).includes(who) ? 'unavailable' : 'unimplemented';
    }
    client.close();
    assert.deepEqual(answers, expected);
  });
}

interface RecordedRow {
  readonly actor: string;
  readonly action: string;
  readonly outcome: string;
}

test('every call that was refused at the door is on record, and none of them did anything', async () => {
  const { fleet } = open;
  const rows = (): readonly RecordedRow[] =>
    fleet.query(
      'controller/fleet.db',
      `SELECT entry ->> '$.actor.kind' || '/' || (entry ->> '$.actor.name') AS actor,
         entry ->> '$.action' AS action, entry ->> '$.outcome' AS outcome FROM audit`,
    );
  const words = new Set(CASES.map(({ rpc }) => actionOf(rpc)));
  const holders = UNWELCOME.map((who) => {
    const { identity } = callers.get(who) ?? assert.fail(who);
    return `${identity.kind}/${identity.name}`;
  });
  for (const holder of holders) {
    await fleet.until(`each call of ${holder} is on record`, () => {
      const refused = rows().filter(
        ({ actor, outcome }) => actor === holder && outcome === 'refused',
      );
      // Of one who is refused again and again no more than this is kept.
      const actions = new Set(refused.map(({ action }) => action));
      return [...words].slice(0, 25).every((word) => actions.has(word));
    });
  }
  // What these two did was before they were shut out, to become those who are.
  const known = ['operator/ruth', 'agent/replaced-1'];
  const refusedOnly = [...holders, 'operator/vera', 'operator/nemo', 'agent/matrix-1'];
  const done = rows().filter(
    ({ actor, outcome, action }) =>
      outcome === 'done' &&
      refusedOnly.includes(actor) &&
      !known.includes(actor) &&
      action !== 'renew',
  );
  assert.deepEqual(
    done.map(({ actor, action }) => `${actor} ${action}`),
    ['operator/vera logs'],
  );
});

/** Opens a connection, waits for the end of the certificate and calls everything there is. */
async function callsAfterTheEnd(holder: Holder, first: string): Promise<ReadonlySet<Status>> {
  const endsAtMs = Math.ceil(Date.now() / SECOND_MS) * SECOND_MS + 2 * SECOND_MS;
  const credentials = credentialsUntil(open.fleet.pki, holder, endsAtMs);
  const client = rawClient(open.fleet.port, credentials, trustOf(open));
  const one = CASES.find(({ rpc }) => rpc === first) ?? assert.fail(first);
  assert.equal((await callRpc(client, first, one.request(world, 'admin'))).status, 'ok');
  await open.fleet.until('it has ended', () => Date.now() > endsAtMs, { askEveryMs: 5 });
  const answers = await Promise.all(
    CASES.map(({ rpc, request }) => callRpc(client, rpc, request(world, 'admin'))),
  );
  client.close();
  return new Set(answers.map(({ status }) => status));
}

test('a certificate that expires while its connection is open opens nothing any more', async () => {
  const [operator, agent] = await Promise.all([
    callsAfterTheEnd({ kind: 'operator', name: 'alice' }, 'Control.GetVersion'),
    callsAfterTheEnd({ kind: 'agent', name: 'brief-1' }, 'AgentLink.Connect'),
  ]);
  assertShutOut(operator);
  assertShutOut(agent);
});

/** Its connection may be closed before all of it is answered. */
function assertShutOut(statuses: ReadonlySet<Status>): void {
  assert.ok(statuses.has('unauthenticated'), [...statuses].join());
  const others = [...statuses].filter((one) => one !== 'unauthenticated' && one !== 'unavailable');
  assert.deepEqual(others, []);
}

test('on the listener for newcomers there is nothing but what is for newcomers, for anybody', async () => {
  const secret = await newSecret(open, { names: 'new-1' });
  const csrPem = requestBy(await spareKey(open, 'new-1'));
  const expired = callers.get('expired agent') ?? assert.fail();
  const back = { certificatePem: expired.cert, csrPem: requestBy(expired.key) };
  const certificates = new Set<string>();
  for (const who of [...OUTSIDE, ...UNWELCOME, ...WELCOME]) {
    const client = clientOf(who, open.enrollPort);
    for (const one of CASES) {
      const { status } = await callRpc(client, one.rpc, one.request(world, who));
      assert.equal(status, 'unimplemented', `${who} ${one.rpc}`);
    }
    const joined = await callRpc(client, 'Enrollment.Enrol', { secret, csrPem });
    assert.equal(joined.status, 'ok', who);
    certificates.add((joined.message as { readonly certificatePem: string }).certificatePem);
    const { status } = await callRpc(client, 'Enrollment.Return', back);
    assert.equal(status, 'failed precondition', 'nobody has readmitted it');
    client.close();
  }
  assert.equal(certificates.size, 1, 'what a connection shows counts for nothing here');
});

const NO_RPC = [
  '/',
  '//',
  '/fleet.v1.Control/',
  '/fleet.v1.Control/../Control/GetVersion',
  '/fleet.v1.Control/GetVersion/',
  '/fleet.v1.Control/getVersion',
  '/fleet.v1.Control/GetVersion?x=1',
  '/fleet.v1.Control/GetVersion%00',
  '/fleet.v1.Control//GetVersion',
  '/Control/GetVersion',
  '/fleet.v1.Control/__proto__',
  '/__proto__',
  '/constructor',
  '/fleet.v1.LocalControl/Status',
  '/supervisor.RPC2',
  '/RPC2',
  '/grpc.health.v1.Health/Check',
  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
  '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
  '/grpc.channelz.v1.Channelz/GetServers',
] as const;

test('what is no RPC is not there, on either listener, even for an admin', async () => {
  for (const port of [open.fleet.port, open.enrollPort]) {
    const client = clientOf('admin', port);
    for (const path of NO_RPC) {
      const { status, details, message } = await callPath(client, path);
      assert.equal(status, 'unimplemented', path);
      assert.match(details, /^The server does not implement the method \//);
      assert.equal(message, null);
    }
    client.close();
  }
});
