/**
 * Newcomers of a fleet under test, honest and other: a controller that lets them in, calls that they
 * make, and addresses that they come from, because failures are counted by address.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { Client } from '@grpc/grpc-js';
import type { CertificateAnswer, TokenRequest } from '../../../proto/certificates.ts';
import { clientOptions, MESSAGE_MAX_BYTES } from '../../../proto/channel-options.ts';
import { FleetError, type Refusal } from '../../../proto/errors.ts';
import { askForCertificate, type CertificateCall } from '../../../proto/pki/certificate-call.ts';
import { parseJoinString } from '../../../proto/pki/join-string.ts';
import { anonymousCredentials } from '../../../proto/tls.ts';
import type { Daemon } from '../fleet/daemon.ts';
import { createFleet, type Fleet } from '../fleet/harness.ts';

/** Of `[controller]`: any free port for newcomers. */
export const LETS_IN = 'enroll_listen = 127.0.0.1:0\n';
/** The authority's key beside the controller. */
export const SIGNS = 'ca_key = ca.key\n';

export interface OpenFleet extends Disposable {
  readonly fleet: Fleet;
  readonly controller: Daemon;
  readonly enrollPort: number;
}

/** @param lines further ones of the `[controller]` section */
export async function openFleet(lines: string): Promise<OpenFleet> {
  const fleet = await createFleet({ controller: lines });
  writeFileSync(fleet.path('ca.key'), fleet.pki.authority.keyPem, { mode: 0o600 });
  const controller = await fleet.startController();
  const serving = controller.log().find(({ msg }) => msg === 'serving');
  const enrollPort = Number(serving?.['enrollPort']);
  return { fleet, controller, enrollPort, [Symbol.dispose]: () => fleet[Symbol.dispose]() };
}

/** The secret of a new token. */
export async function newSecret(
  { fleet }: OpenFleet,
  token: Partial<TokenRequest> = {},
): Promise<string> {
  const authority = await (await fleet.client()).authority();
  const usual = { kind: 'agent', names: '*', labels: {}, replaces: false, ttlMs: 60_000 } as const;
  const { joinString } = await authority.createToken({ ...usual, ...token });
  const join = parseJoinString(joinString);
  assert.ok('secret' in join);
  return join.secret;
}

export interface Newcomer extends Disposable {
  ask(call: CertificateCall): Promise<CertificateAnswer | Refusal>;
}

/** @param port of the listener, or of what stands before it */
export function newcomer({ fleet }: OpenFleet, port: number): Newcomer {
  const trust = { ca: fleet.pki.authority.certificatePem, fleet: 'test' };
  const options = { ...clientOptions(MESSAGE_MAX_BYTES), 'grpc.max_send_message_length': -1 };
  const channel = new Client(`127.0.0.1:${port}`, anonymousCredentials(trust), options);
  return {
    async ask(call) {
      try {
        return await askForCertificate(channel, call, AbortSignal.timeout(20_000));
      } catch (error) {
        return FleetError.refusalFrom(error);
      }
    },
    [Symbol.dispose]: () => channel.close(),
  };
}

export interface Relay extends Disposable {
  readonly port: number;
}

/** What comes in here goes to the listener from this address (127.0.0.2, …). */
export async function relayFrom(address: string, port: number): Promise<Relay> {
  const server: Server = createServer((socket) => {
    const onward = connect({ host: '127.0.0.1', port, localAddress: address });
    for (const [from, to] of [[socket, onward] as const, [onward, socket] as const]) {
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  assert.ok(typeof bound === 'object' && bound !== null);
  return { port: bound.port, [Symbol.dispose]: () => void server.close() };
}

export function refused(answer: CertificateAnswer | Refusal): Refusal {
  assert.ok('code' in answer, `it was let in: ${JSON.stringify(answer).slice(0, 300)}`);
  return answer;
}

export function issued(answer: CertificateAnswer | Refusal): string {
  assert.ok('certificatePem' in answer, `it was refused: ${JSON.stringify(answer)}`);
  assert.ok(answer.certificatePem !== null, 'somebody has to sign it first');
  return answer.certificatePem;
}
