/** Anything that may be done about who is in the fleet, in any order, with few names and keys. */
import fc from 'fast-check';
import type { SeenCertificate } from '../../controller/core/identities.ts';
import { hostId } from '../../proto/vocabulary.ts';
import { aCertificate, anActor } from './controller-fleet.ts';
import {
  aHolder,
  DAY_MS,
  type IdentityScript,
  NOBODY,
  seenOf,
  unsigned,
  wantedOf,
} from './identities.ts';

const holder = fc.constantFrom('agent/web-1', 'agent/web-2', 'operator/bob');
const key = fc.integer({ min: 1, max: 9 });
/** Which of those that there are; taken modulo their number. */
const which = fc.nat(9);
const signed = fc.boolean();

export const anIdentityCommand = fc.oneof(
  fc.record({ kind: fc.constant('token'), holder, replaces: fc.boolean() }),
  fc.record({ kind: fc.constant('enrol'), which, key, signed }),
  fc.record({ kind: fc.constant('foreign'), holder }),
  fc.record({ kind: fc.constant('see'), which }),
  fc.record({ kind: fc.constant('renew'), which, key, signed }),
  fc.record({ kind: fc.constant('return'), which, key, signed }),
  fc.record({ kind: fc.constant('add'), which }),
  fc.record({ kind: fc.constant('revoke'), which }),
  fc.record({ kind: fc.constant('revokeHolder'), holder }),
  fc.record({ kind: fc.constant('remove'), holder }),
  fc.record({ kind: fc.constant('readmit'), holder }),
  fc.record({ kind: fc.constant('revokeToken'), which }),
  fc.record({
    kind: fc.constant('wait'),
    ms: fc.constantFrom(1, 60_000, 3_600_000, DAY_MS, 8 * DAY_MS, 40 * DAY_MS, -3_600_000),
  }),
);

export type IdentityCommand =
  typeof anIdentityCommand extends fc.Arbitrary<infer Command> ? Command : never;

export function doCommand(script: IdentityScript, command: IdentityCommand): void {
  switch (command.kind) {
    case 'token':
      return createToken(script, command);
    case 'enrol':
      return enrol(script, command);
    case 'renew':
    case 'return':
      return askForNext(script, command);
    case 'wait':
      script.wallMs += command.ms;
      return script.give({ kind: 'boot' });
    case 'foreign': {
      const { kind, name } = aHolder(command.holder);
      const fingerprint = `F0:${script.wallMs}:${name}`;
      const life = { notBeforeMs: script.wallMs - 300_000, notAfterMs: script.wallMs + 7 * DAY_MS };
      return script.see(aCertificate(name, { kind, fingerprint, ...life }));
    }
    case 'see':
    case 'revoke':
      return useOne(script, command);
    case 'add':
      return add(script, command.which);
    case 'revokeToken': {
      const token = pick([...script.state.identities.tokens.values()], command.which);
      if (token !== undefined) script.ask({ kind: 'revokeToken', id: token.id });
      return;
    }
    case 'revokeHolder':
    case 'remove':
    case 'readmit':
      return doToHolder(script, command);
  }
}

type Of<Kind extends IdentityCommand['kind']> = Extract<IdentityCommand, { kind: Kind }>;

function pick<Value>(values: readonly Value[], index: number): Value | undefined {
  return values.length === 0 ? undefined : values[index % values.length];
}

function createToken(script: IdentityScript, command: Of<'token'>): void {
  const { kind, name } = aHolder(command.holder);
  if (kind !== 'controller') script.token(name, { kind, replaces: command.replaces });
}

function enrol(
  script: IdentityScript,
  { which: index, key: serial, signed: isSigned }: Of<'enrol'>,
) {
  const token = pick([...script.state.identities.tokens.values()], index);
  if (token === undefined) return;
  const { kind, names: name, secretHash } = token;
  const wanted = isSigned ? wantedOf(script.signed({ kind, name }, serial)) : unsigned(serial);
  script.ask({ kind: 'enrol', secretHash, name: '', wanted }, NOBODY);
}

function askForNext(script: IdentityScript, command: Of<'renew'> | Of<'return'>): void {
  const shown = certificateOf(script, command.which);
  script.asked = shown ?? null;
  if (shown === undefined) return;
  const { kind, name, fingerprint } = shown;
  const isSigned = command.signed;
  const wanted = isSigned
    ? wantedOf(script.signed({ kind, name }, command.key))
    : unsigned(command.key);
  if (command.kind === 'renew') {
    script.ask({ kind: 'renew', wanted }, anActor(name, { kind, fingerprint }));
  } else {
    script.ask({ kind: 'return', expired: shown, wanted }, NOBODY);
  }
}

/** Also of those that are forgotten: whoever has one may show it. */
function certificateOf(script: IdentityScript, index: number): SeenCertificate | undefined {
  for (const record of script.state.identities.certificates.values()) {
    script.shown.set(record.fingerprint, seenOf(record));
  }
  return pick([...script.shown.values()], index);
}

/** The door lets nobody in who has ended or expired, so what it shows to the core counts. */
function useOne(script: IdentityScript, command: Of<'see'> | Of<'revoke'>): void {
  const shown = certificateOf(script, command.which);
  if (shown === undefined) return;
  const choice = { kind: 'fingerprint', beginning: shown.fingerprint } as const;
  if (command.kind === 'revoke') script.ask({ kind: 'revokeCertificates', choice, reason: '' });
  else if (script.isIn(shown)) script.see(shown);
}

function add(script: IdentityScript, index: number): void {
  const request = pick([...script.state.identities.pending.values()], index);
  if (request === undefined) return;
  const serial = Number.parseInt(request.keyHash.slice(0, 8), 16);
  const certificate = script.signed(request, serial);
  script.ask({ kind: 'addCertificates', certificates: [certificate] });
}

function doToHolder(
  script: IdentityScript,
  { kind, holder: text }: Of<'revokeHolder'> | Of<'remove'> | Of<'readmit'>,
): void {
  const whom = aHolder(text);
  const host = hostId(whom.name);
  if (kind === 'revokeHolder') {
    const choice = { kind: 'holder', holder: whom } as const;
    script.ask({ kind: 'revokeCertificates', choice, reason: '' });
  } else if (kind === 'remove') {
    script.ask({ kind: 'removeHost', host, reason: '' });
  } else {
    script.ask({ kind: 'readmitHost', host, reason: '' });
  }
}
