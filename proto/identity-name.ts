/**
 * Who can hold a certificate, and how they are called: pure, so that what decides may name them.
 * How a certificate says so is `identity.ts`.
 */

export const IDENTITY_KINDS = ['controller', 'agent', 'operator'] as const;
export type IdentityKind = (typeof IDENTITY_KINDS)[number];

/** What makes a holder unique within a fleet. */
export interface Holder {
  readonly kind: IdentityKind;
  readonly name: string;
}

/** What makes a holder unique. */
export interface Subject extends Holder {
  readonly fleet: string;
}

/** For messages; `isIdentityName` is the rule itself. */
export const IDENTITY_NAME_RULE =
  'lower-case letters, digits, dots, dashes and underscores, beginning with a letter or digit, at most 63';

/** Names of fleets, hosts, controllers and operators; safe as file names and in a URI as they are. */
export function isIdentityName(text: string): boolean {
  return /^[a-z0-9][a-z0-9._-]{0,62}$/.test(text);
}

export function isIdentityKind(text: string): text is IdentityKind {
  return (IDENTITY_KINDS as readonly string[]).includes(text);
}

/** `agent/web-1`, as in the path of its SPIFFE id: how people name a holder. */
export function holderText({ kind, name }: Holder): string {
  return `${kind}/${name}`;
}

/** How somebody whose certificate has ended gets the next one. */
export function nextCertificateFix(holder: Holder): string {
  const byHand = `fleet-certs issue ${holder.kind} ${holder.name}`;
  switch (holder.kind) {
    case 'operator':
      return `fleetctl login with a new token, or ${byHand}`;
    case 'agent':
      return `fleetctl host readmit ${holder.name}, or ${byHand}`;
    case 'controller':
      return byHand;
  }
}

/** For people: `agent "web-1" of fleet "prod"`. */
export function describeSubject(subject: Subject): string {
  return `${subject.kind} "${subject.name}" of fleet "${subject.fleet}"`;
}
