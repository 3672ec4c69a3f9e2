/** The fleet's tokens and certificates, asked for one after another, without any cryptography. */
import { admissionRefusal } from '../../controller/core/admission.ts';
import type {
  IdentityAnswer,
  IdentityRequest,
  IssuedCertificate,
  SeenCertificate,
  WantedCertificate,
} from '../../controller/core/identities.ts';
import type { FleetInput, FleetWrite } from '../../controller/core/state.ts';
import type { Actor } from '../../proto/audit.ts';
import type { CertificateRecord, TokenRequest } from '../../proto/certificates.ts';
import { isRefusal, type Refusal } from '../../proto/errors.ts';
import { type Holder, isIdentityKind } from '../../proto/identity-name.ts';
import { anActor, emptyFleet, type FleetScript, fleetScript } from './controller-fleet.ts';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** 64 hexadecimal digits that begin with what they stand for, so that ids differ. */
export function aHash(serial: number): string {
  return serial.toString(16).padStart(8, '0').repeat(8);
}

/** `agent/web-1` */
export function aHolder(text: string): Holder {
  const [kind = '', name = ''] = text.split('/');
  if (!isIdentityKind(kind)) throw new Error(`no kind of holder: ${kind}`);
  return { kind, name };
}

export const NOBODY: Actor = { kind: 'nobody', name: '', fingerprint: null, address: '10.0.0.7' };

export interface IdentityScript extends FleetScript {
  /** All certificates that there ever were, as their holders have them. */
  readonly shown: Map<string, SeenCertificate>;
  /** The one by which a next one was asked for last. */
  asked: SeenCertificate | null;
  /** What was asked or shown has made durable; whoever stores it empties this. */
  written: readonly FleetWrite[];
  /** As the door judges: within its dates, and nothing stands against it. */
  isIn(certificate: SeenCertificate): boolean;
  ask(request: IdentityRequest, by?: Actor): IdentityAnswer | Refusal;
  /** @throws Error where it is refused */
  done(request: IdentityRequest, by?: Actor): IdentityAnswer;
  /** @returns the hash of its secret */
  token(names: string, more?: Partial<TokenRequest>): string;
  /** Signed as the controller would sign it now, with a fingerprint of its own. */
  signed(holder: Holder, key: number, days?: number): IssuedCertificate;
  /** By a token of its own; `key` is in the certificate. */
  enrolled(holderText: string, key: number): SeenCertificate;
  /** Its holder shows it to the door. */
  see(certificate: SeenCertificate): void;
  renew(certificate: SeenCertificate, key: number): IdentityAnswer | Refusal;
  record(fingerprint: string): CertificateRecord;
}

export function identityScript(initial = emptyFleet): IdentityScript {
  const base = fleetScript(initial);
  const { give } = base;
  let serial = 0;
  const script: IdentityScript = Object.assign(base, {
    shown: new Map<string, SeenCertificate>(),
    asked: null,
    written: [],
    give(input: FleetInput): void {
      give(input);
      script.written = [...script.written, ...base.writes];
    },
    isIn(certificate: SeenCertificate): boolean {
      const { notBeforeMs, notAfterMs } = certificate;
      if (base.wallMs < notBeforeMs || base.wallMs > notAfterMs) return false;
      return admissionRefusal(base.state.identities, certificate, base.wallMs) === null;
    },
    ask(request: IdentityRequest, by: Actor = anActor()): IdentityAnswer | Refusal {
      base.give({ kind: 'identity', reply: 1, request, by });
      for (const effect of base.effects) {
        if (effect.kind === 'answerIdentity') return effect.answer;
      }
      throw new Error('no answer');
    },
    done(request: IdentityRequest, by?: Actor): IdentityAnswer {
      const answer = script.ask(request, by);
      if (isRefusal(answer)) throw new Error(`${answer.code}: ${answer.message}`);
      return answer;
    },
    token(names: string, more: Partial<TokenRequest> = {}): string {
      serial += 1;
      const secretHash = aHash(serial);
      const plain = { kind: 'agent', names, labels: {}, replaces: false, ttlMs: HOUR_MS } as const;
      script.done({ kind: 'createToken', token: { ...plain, ...more }, secretHash });
      return secretHash;
    },
    signed(holder: Holder, key: number, days = holder.kind === 'agent' ? 7 : 30) {
      serial += 1;
      const { kind, name } = holder;
      const notBeforeMs = base.wallMs - 5 * 60_000;
      const notAfterMs = base.wallMs + days * DAY_MS;
      const fingerprint = aFingerprint(serial);
      const pem = `pem ${serial}`;
      return { kind, name, fingerprint, notBeforeMs, notAfterMs, keyHash: aHash(key), pem };
    },
    enrolled(text: string, key: number): SeenCertificate {
      const holder = aHolder(text);
      if (holder.kind === 'controller') throw new Error('controllers do not enrol');
      const secretHash = script.token(holder.name, { kind: holder.kind });
      const issued = script.signed(holder, key);
      script.done({ kind: 'enrol', secretHash, name: '', wanted: wantedOf(issued) }, NOBODY);
      return seenOf(issued);
    },
    see(certificate: SeenCertificate): void {
      base.give({ kind: 'seen', certificate });
    },
    renew(certificate: SeenCertificate, key: number) {
      const { kind, name, fingerprint } = certificate;
      const wanted = wantedOf(script.signed({ kind, name }, key));
      return script.ask({ kind: 'renew', wanted }, anActor(name, { kind, fingerprint }));
    },
    record(fingerprint: string): CertificateRecord {
      const found = base.state.identities.certificates.get(fingerprint);
      if (found === undefined) throw new Error(`no certificate ${fingerprint}`);
      return found;
    },
  });
  return script;
}

/** As where the authority's key is beside the controller. */
export function wantedOf(issued: IssuedCertificate): WantedCertificate {
  return { keyHash: issued.keyHash, csrPem: `csr of ${issued.keyHash}`, issued };
}

/** As where it is elsewhere. */
export function unsigned(key: number): WantedCertificate {
  return { keyHash: aHash(key), csrPem: `csr of ${aHash(key)}`, issued: null };
}

export function seenOf(certificate: SeenCertificate): SeenCertificate {
  const { kind, name, fingerprint, notBeforeMs, notAfterMs } = certificate;
  return { kind, name, fingerprint, notBeforeMs, notAfterMs };
}

/** The serial number comes first, so that a beginning of it tells them apart. */
export function aFingerprint(serial: number): string {
  const digits = serial.toString(16).toUpperCase().padStart(8, '0').repeat(8);
  return (digits.match(/../g) ?? []).join(':');
}

export function codeOf(answer: IdentityAnswer | Refusal): string {
  return isRefusal(answer) ? answer.code : answer.kind;
}
