/**
 * The `Authority` service: who one is and what one may do, tokens, certificates, hosts and the
 * record. Authorize (guard), decode, ask the core, the driver or the store, encode. No decision is
 * made here.
 */
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import type { TokenRequest } from '../../proto/certificates.ts';
import {
  decodeAccessQuery,
  encodeAccessReport,
  encodeWhoIAm,
} from '../../proto/codec/authority.ts';
import { malformed, short } from '../../proto/codec/fields.ts';
import { decodeTokenRequest, encodeNewToken, encodeToken } from '../../proto/codec/tokens.ts';
import { isRefusal, refusal } from '../../proto/errors.ts';
import { hostId } from '../../proto/vocabulary.ts';
import { isOpenToken } from '../core/tokens.ts';
import { discreet, sightOf } from '../core/visible.ts';
import { checkAccess, whoAmI } from '../core/who.ts';
import type { Caller, Guard } from '../door/guard.ts';
import type { FleetDriver } from '../driver.ts';
import { type Issuer, newSecret } from '../identity/issuer.ts';
import type { Trust } from '../identity/trust.ts';
import type { Clock, Log } from '../ports.ts';
import { type AuditStore, auditHandlers } from './audit-calls.ts';
import { certificateHandlers } from './certificate-calls.ts';
import { ask, expected, refuse } from './identity-act.ts';

type WireAccessQuery = Parameters<typeof decodeAccessQuery>[0];
type WireTokenRequest = Parameters<typeof decodeTokenRequest>[0];

export interface AuthorityOptions {
  readonly driver: Pick<FleetDriver, 'state' | 'identity' | 'deliver'>;
  readonly store: AuditStore;
  readonly guard: Guard;
  readonly issuer: Issuer;
  readonly trust: () => Trust;
  /** Where newcomers ask, `host:port`; null: nowhere. */
  readonly joinAddress: () => string | null;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

export function authorityHandlers(options: AuthorityOptions): UntypedServiceImplementation {
  const { store, guard } = options;
  return {
    ...accessHandlers(options),
    ...tokenHandlers(options),
    ...hostHandlers(options),
    ...certificateHandlers(options),
    ...auditHandlers({ store, guard }),
  };
}

function accessHandlers({ driver, guard, clock }: AuthorityOptions): UntypedServiceImplementation {
  return {
    WhoAmI: guard.unary('Authority.WhoAmI', (_request: object, caller) =>
      encodeWhoIAm(whoAmI(driver.state(), caller)),
    ),
    CheckAccess: guard.unary('Authority.CheckAccess', (request: WireAccessQuery, caller) => {
      const query = decodeAccessQuery(request);
      const report = checkAccess(driver.state(), query, caller, clock.now().wallMs);
      if (!isRefusal(report)) return encodeAccessReport(report);
      return discreet(report, sightOf(driver.state(), caller.name, clock.now().wallMs));
    }),
  };
}

function tokenHandlers(options: AuthorityOptions): UntypedServiceImplementation {
  const { driver, guard, clock } = options;
  return {
    CreateToken: guard.unary('Authority.CreateToken', (request: WireTokenRequest, caller) =>
      createToken(options, decodeTokenRequest(request), caller),
    ),
    ListTokens: guard.unary('Authority.ListTokens', ({ all }: { readonly all: boolean }) => {
      const nowMs = clock.now().wallMs;
      const tokens = [...driver.state().identities.tokens]
        .map(([, token]) => token)
        .filter((token) => all || isOpenToken(token, nowMs))
        .sort((one, other) => one.createdAtMs - other.createdAtMs);
      return { tokens: tokens.map(encodeToken) };
    }),
    RevokeToken: guard.unary(
      'Authority.RevokeToken',
      async (request: { readonly id: string }, caller) => {
        const id = short('the id of a token', request.id);
        const answer = await ask(options, { kind: 'revokeToken', id }, caller);
        return isRefusal(answer) ? answer : encodeToken(expected('token', answer).token);
      },
    ),
  };
}

async function createToken(options: AuthorityOptions, token: TokenRequest, caller: Caller) {
  const address = options.joinAddress();
  if (address === null) return refuse(options, 'createToken', caller, NOBODY_LISTENS);
  const { pin } = options.trust();
  const { secretHash, joinString } = newSecret({ address, pin });
  const answer = await ask(options, { kind: 'createToken', token, secretHash }, caller);
  if (isRefusal(answer)) return answer;
  return encodeNewToken({ token: expected('token', answer).token, joinString });
}

const NOBODY_LISTENS = refusal('wrong-state', 'this controller lets nobody new in', {
  cause: 'its configuration has no enroll_listen',
  fix: 'add [controller] enroll_listen = 0.0.0.0:7461 to controller.conf and restart it, or issue certificates with fleet-certs',
});

interface WireHostChange {
  readonly host: string;
  readonly reason: string;
}

function hostHandlers(options: AuthorityOptions): UntypedServiceImplementation {
  const { guard } = options;
  return {
    RemoveHost: guard.unary('Authority.RemoveHost', async (request: WireHostChange, caller) => {
      const answer = await ask(options, { kind: 'removeHost', ...hostChange(request) }, caller);
      if (isRefusal(answer)) return answer;
      const { processes, wasConnected } = expected('removed', answer);
      return { processes, wasConnected };
    }),
    ReadmitHost: guard.unary('Authority.ReadmitHost', async (request: WireHostChange, caller) => {
      const answer = await ask(options, { kind: 'readmitHost', ...hostChange(request) }, caller);
      return isRefusal(answer) ? answer : { was: expected('readmitted', answer).was };
    }),
  };
}

function hostChange({ host, reason }: WireHostChange) {
  if (host === '') throw malformed('a host without a name');
  return { host: hostId(short('a host', host)), reason };
}
