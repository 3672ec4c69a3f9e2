/**
 * Everybody who may come to the controller's door, honest or not, each with the connection that such
 * a one can make. They are made by what really makes them so: a revocation, a removal, a renewal.
 */
import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Credentials } from '../../../proto/credentials.ts';
import { identityOf } from '../../../proto/identity.ts';
import type { Holder, IdentityKind } from '../../../proto/identity-name.ts';
import { makeSigningRequest } from '../../../proto/pki/signing-request.ts';
import { keptDatabase } from '../../../proto/sqlite.ts';
import type { Fleet } from '../fleet/harness.ts';
import { readCredentials, sharedPki } from '../fleet/pki.ts';
import { dialAsAgent, helloOf } from './agent-stream.ts';
import { issued, newcomer, newSecret, type OpenFleet } from './newcomers.ts';
import { callRpc, rawClient } from './rpcs.ts';
import { credentialsUntil } from './short-lived.ts';

/** Further sections of controller.conf: an operator for each of the built-in roles, and some with none. */
export const OPERATORS = `[operator:vera]
roles = viewer
[operator:otto]
roles = operator
[operator:nemo]
[operator:rita]
roles = admin
[operator:ruth]
roles = admin
`;

/** Of operators, by the role that they have. */
export const WELCOME = ['agent', 'no role', 'viewer', 'operator', 'admin'] as const;
export const UNWELCOME = [
  'unknown operator',
  'revoked operator',
  'revoked agent',
  'replaced operator',
  'replaced agent',
  'removed agent',
] as const;
export const OUTSIDE = [
  'nobody',
  'admin of another authority',
  'agent of another authority',
  'expired operator',
  'expired agent',
  'controller',
] as const;

export type Who = (typeof WELCOME | typeof UNWELCOME | typeof OUTSIDE)[number];

/** Null: no certificate at all. */
export type Callers = ReadonlyMap<Who, Credentials | null>;

const DAY_MS = 86_400_000;

export const trustOf = ({ fleet }: OpenFleet) => ({
  ca: fleet.pki.authority.certificatePem,
  fleet: 'test',
});

/** Of a fleet whose controller issues certificates itself. It is started anew in between. */
export async function makeCallers(open: OpenFleet): Promise<Callers> {
  const { fleet } = open;
  const own = async (kind: IdentityKind, name: string): Promise<Credentials> =>
    readCredentials(await fleet.pki.issue({ kind, name }), kind);
  const { authority } = await sharedPki(fleet.path('elsewhere'), 'elsewhere');
  const foreign = (kind: IdentityKind, name: string): Credentials => {
    const impostor = { authority: { ...authority, fleet: 'test' } };
    const credentials = credentialsUntil(impostor, { kind, name }, Date.now() + DAY_MS);
    return { ...credentials, ca: fleet.pki.authority.certificatePem };
  };
  const expired = (kind: IdentityKind, name: string): Credentials =>
    credentialsUntil(fleet.pki, { kind, name }, Date.now() - DAY_MS);
  const callers = new Map<Who, Credentials | null>([
    ['agent', await own('agent', 'matrix-1')],
    ['no role', await own('operator', 'nemo')],
    ['viewer', await own('operator', 'vera')],
    ['operator', await own('operator', 'otto')],
    ['admin', await own('operator', 'alice')],
    ['unknown operator', await own('operator', 'mallory')],
    ['revoked operator', await own('operator', 'rita')],
    ['revoked agent', await own('agent', 'revoked-1')],
    ['replaced operator', await replaced(open, { kind: 'operator', name: 'ruth' })],
    ['replaced agent', await replaced(open, { kind: 'agent', name: 'replaced-1' })],
    ['removed agent', await own('agent', 'removed-1')],
    ['nobody', null],
    ['admin of another authority', foreign('operator', 'alice')],
    ['agent of another authority', foreign('agent', 'matrix-1')],
    ['expired operator', expired('operator', 'alice')],
    ['expired agent', expired('agent', 'gone-1')],
    ['controller', await own('controller', 'ops')],
  ]);
  await shutOut(open);
  return callers;
}

async function shutOut({ fleet, controller }: OpenFleet): Promise<void> {
  const authority = await (await fleet.client()).authority();
  const reason = 'stolen';
  for (const holder of [
    { kind: 'operator', name: 'rita' },
    { kind: 'agent', name: 'revoked-1' },
  ] as const) {
    await authority.revokeCertificates({ choice: { kind: 'holder', holder }, reason });
  }
  await connectOnce(fleet, 'removed-1');
  await authority.removeHost({ host: 'removed-1', reason });
  await controller.end('SIGTERM');
  endGrace(fleet.path('controller', 'fleet.db'));
  await fleet.startController();
}

/** A host that was in the fleet once. */
export async function connectOnce(fleet: Fleet, name: string): Promise<void> {
  const files = await fleet.pki.issue({ kind: 'agent', name });
  using agent = dialAsAgent(fleet.port, readCredentials(files, 'agent'));
  agent.say(helloOf(name));
  await agent.welcomed;
}

/** Whoever has been replaced is let in for another minute; this minute is over now. */
function endGrace(path: string): void {
  const database = keptDatabase(path, 1_000);
  const { changes } = database
    .prepare(
      `UPDATE certificates SET ended = json_set(ended, '$.atMs', ?)
         WHERE json_extract(ended, '$.kind') = 'replaced'`,
    )
    .run(Date.now() - DAY_MS);
  database.close();
  assert.equal(changes, 2);
}

/** Joins, renews and uses the new certificate; @returns the first one, which that has replaced. */
async function replaced(open: OpenFleet, holder: Holder): Promise<Credentials> {
  const { kind, name } = holder;
  assert.ok(kind !== 'controller');
  using guest = newcomer(open, open.enrollPort);
  const secret = await newSecret(open, { kind, names: name });
  const [first, second] = [await spareKey(open, `${name}-1`), await spareKey(open, `${name}-2`)];
  const csrPem = requestBy(first);
  const joined = issued(await guest.ask({ kind: 'enrol', request: { secret, name, csrPem } }));
  const before = credentialsWith(open, { cert: joined, key: first });
  const request = { csrPem: requestBy(second) };
  const renewal = await callAs(open, before, 'Authority.Renew', request);
  const { certificatePem: cert } = renewal as { readonly certificatePem: string };
  await callAs(open, credentialsWith(open, { cert, key: second }), 'Authority.Renew', request);
  return before;
}

/** That nobody has a certificate for yet, as far as the controller knows. They take long to make. */
export async function spareKey({ fleet }: OpenFleet, name: string): Promise<string> {
  const { key } = await fleet.pki.issue({ kind: 'agent', name: `spare-${name}` });
  return readFileSync(key, 'utf8');
}

export function requestBy(keyPem: string): string {
  return makeSigningRequest(createPrivateKey(keyPem), 'admin');
}

async function callAs(open: OpenFleet, as: Credentials, rpc: string, request: object) {
  const client = rawClient(open.fleet.port, as, trustOf(open));
  const { message } = await callRpc(client, rpc, request);
  client.close();
  return message;
}

function credentialsWith(
  open: OpenFleet,
  { cert, key }: { readonly cert: string; readonly key: string },
): Credentials {
  const identity = identityOf(new X509Certificate(cert).raw);
  assert.ok('kind' in identity);
  return { ca: trustOf(open).ca, cert, key, identity };
}
