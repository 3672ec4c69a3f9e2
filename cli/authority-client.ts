/** The controller's `Authority` service over the channel that is open already. */
import type { Client, MethodDefinition } from '@grpc/grpc-js';
import { ADDED_AT_ONCE_MAX, type CertificateSummary } from '../proto/certificates.ts';
import {
  decodeAuditRow,
  decodeAuditVerdict,
  encodeAuditQuery,
  encodeKnownHead,
} from '../proto/codec/audit.ts';
import { decodeAccessReport, decodeWhoIAm, encodeAccessQuery } from '../proto/codec/authority.ts';
import {
  decodeCertificate,
  decodePendingRequest,
  encodeCertificateChoice,
} from '../proto/codec/certificates.ts';
import { decodeNewToken, decodeToken, encodeTokenRequest } from '../proto/codec/tokens.ts';
import { FleetError } from '../proto/errors.ts';
import { authorityService } from '../proto/load-authority.ts';
import type { AuthorityClient, HostAndReason, RemovedHost } from './authority-ports.ts';
import { serverStream, unary } from './grpc-calls.ts';

/** Every row of years is hashed once more. */
const VERIFY_DEADLINE_MS = 600_000;

type WireToken = Parameters<typeof decodeToken>[0];
type WireCertificates = { readonly certificates: readonly WireCertificate[] };
type WireCertificate = Parameters<typeof decodeCertificate>[0];
type WireRequest = Parameters<typeof decodePendingRequest>[0];
type WireRow = Parameters<typeof decodeAuditRow>[0];
type WireChoice = ReturnType<typeof encodeCertificateChoice>;

/** `Authority` of authority.proto. The response types are the codec's own arguments. */
const METHODS = {
  whoAmI: method<object, Parameters<typeof decodeWhoIAm>[0]>('WhoAmI'),
  checkAccess: method<
    ReturnType<typeof encodeAccessQuery>,
    Parameters<typeof decodeAccessReport>[0]
  >('CheckAccess'),
  createToken: method<ReturnType<typeof encodeTokenRequest>, Parameters<typeof decodeNewToken>[0]>(
    'CreateToken',
  ),
  listTokens: method<{ readonly all: boolean }, { readonly tokens: readonly WireToken[] }>(
    'ListTokens',
  ),
  revokeToken: method<{ readonly id: string }, WireToken>('RevokeToken'),
  listCertificates: method<
    { readonly choice?: WireChoice; readonly all: boolean },
    WireCertificates
  >('ListCertificates'),
  revokeCertificates: method<
    { readonly choice: WireChoice; readonly reason: string },
    WireCertificates
  >('RevokeCertificates'),
  listRequests: method<object, { readonly requests: readonly WireRequest[] }>(
    'ListCertificateRequests',
  ),
  addCertificates: method<{ readonly certificatesPem: readonly string[] }, WireCertificates>(
    'AddCertificates',
  ),
  removeHost: method<HostAndReason, RemovedHost>('RemoveHost'),
  readmitHost: method<HostAndReason, { readonly was: string }>('ReadmitHost'),
  readAudit: method<ReturnType<typeof encodeAuditQuery>, { readonly rows: readonly WireRow[] }>(
    'ReadAudit',
  ),
  verifyAudit: method<ReturnType<typeof encodeKnownHead>, Parameters<typeof decodeAuditVerdict>[0]>(
    'VerifyAudit',
  ),
};

export function authorityClient(channel: Client): AuthorityClient {
  return {
    whoAmI: async () => decodeWhoIAm(await unary(channel, METHODS.whoAmI, {})),
    checkAccess: async (query) =>
      decodeAccessReport(await unary(channel, METHODS.checkAccess, encodeAccessQuery(query))),
    createToken: async (request) =>
      decodeNewToken(await unary(channel, METHODS.createToken, encodeTokenRequest(request))),
    listTokens: async (all) =>
      (await unary(channel, METHODS.listTokens, { all })).tokens.map(decodeToken),
    revokeToken: async (id) => decodeToken(await unary(channel, METHODS.revokeToken, { id })),
    listCertificates: async ({ choice, all }) => {
      const chosen = choice === null ? {} : { choice: encodeCertificateChoice(choice) };
      return certificatesOf(await unary(channel, METHODS.listCertificates, { all, ...chosen }));
    },
    revokeCertificates: async ({ choice, reason }) => {
      const wire = { choice: encodeCertificateChoice(choice), reason };
      return certificatesOf(await unary(channel, METHODS.revokeCertificates, wire));
    },
    listRequests: async () =>
      (await unary(channel, METHODS.listRequests, {})).requests.map(decodePendingRequest),
    addCertificates: (pems) =>
      inSlices(pems, async (certificatesPem) =>
        certificatesOf(await unary(channel, METHODS.addCertificates, { certificatesPem })),
      ),
    removeHost: async ({ host, reason }) => {
      const answer = await unary(channel, METHODS.removeHost, { host, reason });
      return { processes: answer.processes, wasConnected: answer.wasConnected };
    },
    readmitHost: async ({ host, reason }) =>
      (await unary(channel, METHODS.readmitHost, { host, reason })).was,
    readAudit: async function* (query, signal) {
      const wire = encodeAuditQuery(query);
      for await (const { rows } of serverStream(channel, METHODS.readAudit, wire, signal)) {
        yield rows.map(decodeAuditRow);
      }
    },
    verifyAudit: async (known) => {
      const wire = encodeKnownHead(known);
      const within = VERIFY_DEADLINE_MS;
      return decodeAuditVerdict(await unary(channel, METHODS.verifyAudit, wire, { within }));
    },
  };
}

/**
 * One call after another, each of as many as a controller takes at once.
 * @throws FleetError that says how many were added before one of them was refused
 */
export async function inSlices(
  pems: readonly string[],
  add: (slice: readonly string[]) => Promise<readonly CertificateSummary[]>,
): Promise<readonly CertificateSummary[]> {
  const added: CertificateSummary[] = [];
  for (let at = 0; at < pems.length; at += ADDED_AT_ONCE_MAX) {
    try {
      added.push(...(await add(pems.slice(at, at + ADDED_AT_ONCE_MAX))));
    } catch (error) {
      throw at === 0 ? error : partlyAdded(error, `${at} of ${pems.length}`);
    }
  }
  return added;
}

function partlyAdded(error: unknown, howMany: string): FleetError {
  const refused = FleetError.refusalFrom(error);
  const cause = `the first ${howMany} were added, and stay${refused.cause === null ? '' : `; ${refused.cause}`}`;
  return new FleetError({ ...refused, cause });
}

function certificatesOf({ certificates }: WireCertificates) {
  return certificates.map(decodeCertificate);
}

function method<Request, Response>(name: string): MethodDefinition<Request, Response> {
  return authorityService[name] as MethodDefinition<Request, Response>;
}
