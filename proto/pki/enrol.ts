/**
 * How a host or a person gets a certificate: the first by a token (`enrol`), the next while one
 * still counts (`renewThrough`), one after the old has expired (`comeBack`). The key is made by the
 * caller and never leaves him. While somebody has yet to sign, the same is asked again with the same
 * key. What comes is checked before anybody relies on it: a controller may be wrong, too.
 */
import type { KeyObject } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from '@grpc/grpc-js';
import type { CertificateAnswer } from '../certificates.ts';
import { clientOptions, MESSAGE_MAX_BYTES } from '../channel-options.ts';
import { FleetError, refusal } from '../errors.ts';
import type { Identity } from '../identity.ts';
import { anonymousCredentials } from '../tls.ts';
import { askForCertificate } from './certificate-call.ts';
import { checkIssued, type Issued } from './issued.ts';
import type { JoinString } from './join-string.ts';
import { meetController } from './meet-controller.ts';
import { makeSigningRequest } from './signing-request.ts';

export interface Waiting {
  /** Somebody has to sign first; called each time before the request is made again. */
  readonly onWaiting: (retryAfterMs: number) => void;
  readonly signal: AbortSignal;
}

export interface EnrolOptions extends Waiting {
  readonly join: JoinString;
  readonly kind: 'agent' | 'operator';
  /** Empty: as the token says. */
  readonly name: string;
  readonly key: KeyObject;
}

/**
 * The first certificate. The token goes only to a controller that has shown the authority of the
 * join string, over a second connection that trusts that authority alone.
 * @throws FleetError
 */
export async function enrol(options: EnrolOptions): Promise<Issued> {
  const { join, kind, name, key, signal } = options;
  const { authoritiesPem, fleet } = await meetController(join, signal);
  using channel = openAnonymously(join.address, { ca: authoritiesPem, fleet });
  const csrPem = makeSigningRequest(key, name || kind);
  const request = { secret: join.secret, name, csrPem };
  const answer = await untilSigned(options, () =>
    askForCertificate(channel.client, { kind: 'enrol', request }, signal).catch(heldUp),
  );
  return checkIssued(answer, { kind, fleet, name: name || null, ca: authoritiesPem, key });
}

export interface ComeBackOptions extends Waiting {
  /** `host:port` of the enrolment listener. */
  readonly address: string;
  /** The authority that is trusted already. */
  readonly ca: string;
  /** Which has expired. */
  readonly certificatePem: string;
  readonly identity: Identity;
  /** Of that certificate. */
  readonly key: KeyObject;
}

/**
 * One more certificate for the key of one that has expired, once its host was readmitted.
 * @throws FleetError `wrong-state` until then
 */
export async function comeBack(options: ComeBackOptions): Promise<Issued> {
  const { address, ca, certificatePem, identity, key, signal } = options;
  using channel = openAnonymously(address, { ca, fleet: identity.fleet });
  const request = { certificatePem, csrPem: makeSigningRequest(key, identity.name) };
  const answer = await untilSigned(options, () =>
    askForCertificate(channel.client, { kind: 'return', request }, signal),
  );
  return checkIssued(answer, { ...identity, ca, key });
}

export interface RenewOptions extends Waiting {
  /** Whose certificate the channel shows; it gets a new one. */
  readonly identity: Identity;
  readonly ca: string;
  /** The new one. */
  readonly key: KeyObject;
}

/**
 * The next certificate, over a channel that shows the one in use.
 * @throws FleetError
 */
export async function renewThrough(channel: Client, options: RenewOptions): Promise<Issued> {
  const { identity, ca, key, signal } = options;
  const request = { csrPem: makeSigningRequest(key, identity.name) };
  const answer = await untilSigned(options, () =>
    askForCertificate(channel, { kind: 'renew', request }, signal),
  );
  return checkIssued(answer, { ...identity, ca, key });
}

/** Nobody said no: too many had failed from this address, and a later call may be let in. */
function heldUp(caught: unknown): never {
  const because = FleetError.refusalFrom(caught);
  throw new FleetError(
    because.code === 'exhausted' ? { ...because, code: 'unavailable' } : because,
  );
}

/** A controller that is asked too often serves nobody; one that forgets to say how often, is asked so. */
const SHORTEST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 5 * 60_000;

async function untilSigned(
  { onWaiting, signal }: Waiting,
  ask: () => Promise<CertificateAnswer>,
): Promise<CertificateAnswer & { readonly certificatePem: string }> {
  for (;;) {
    const { certificatePem, ...answer } = await ask();
    if (certificatePem !== null) return { ...answer, certificatePem };
    const waitMs = Math.min(LONGEST_WAIT_MS, Math.max(SHORTEST_WAIT_MS, answer.retryAfterMs));
    onWaiting(waitMs);
    await pause(waitMs, undefined, { signal }).catch(() => {
      throw new FleetError(refusal('interrupted', 'interrupted while nobody had signed yet'));
    });
  }
}

function openAnonymously(
  address: string,
  trust: Parameters<typeof anonymousCredentials>[0],
): Disposable & { readonly client: Client } {
  const client = new Client(address, anonymousCredentials(trust), {
    ...clientOptions(MESSAGE_MAX_BYTES),
  });
  return { client, [Symbol.dispose]: () => client.close() };
}
