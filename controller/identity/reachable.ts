/**
 * Under which addresses newcomers and members of the fleet reach this controller. Where it listens
 * says little (0.0.0.0), so what the configuration leaves open is taken from the names that the
 * controller's certificate covers: by any other nobody would accept it.
 */
import { X509Certificate } from 'node:crypto';
import { type Address, addressText } from '../../proto/dialect/values.ts';
import { alternativeNames } from '../../proto/identity.ts';
import type { ControllerSection } from '../config/controller-section.ts';

export interface Reached {
  /** Where newcomers ask, `host:port`; null: nowhere. */
  joinAddress(): string | null;
  /** Where agents and operators dial, `host:port`. */
  controllers(): readonly string[];
  /** Ports are known once the listeners are open: a file may ask for any free one. */
  at(ports: Ports): void;
}

interface Ports {
  readonly port: number;
  /** Null: there is no listener for newcomers. */
  readonly enrollPort: number | null;
}

/** @param certificatePem the one in use now: the next one may be for other names */
export function createReached(
  { advertise, joinAddress }: Pick<ControllerSection, 'advertise' | 'joinAddress'>,
  certificatePem: () => string,
): Reached {
  let ports: Ports | null = null;
  return {
    joinAddress() {
      if (ports?.enrollPort == null) return null;
      const written = joinAddress && [joinAddress];
      return reachableAt(written, ports.enrollPort, certificatePem)[0] ?? null;
    },
    controllers: () => (ports === null ? [] : reachableAt(advertise, ports.port, certificatePem)),
    at(found) {
      ports = found;
    },
  };
}

/**
 * @param written what the configuration says; null: nothing
 * @param port where the listener is
 * @returns `host:port` of each; none where the certificate covers no name or address
 */
function reachableAt(
  written: readonly Address[] | null,
  port: number,
  certificatePem: () => string,
): readonly string[] {
  if (written !== null) return written.map(addressText);
  const host = firstNameOf(certificatePem());
  return host === null ? [] : [addressText({ host, port })];
}

/** DNS names count for more than addresses: they outlive them. */
function firstNameOf(certificatePem: string): string | null {
  const names = alternativeNames(new X509Certificate(certificatePem)) ?? [];
  const of = (type: string): string | undefined =>
    names.find((name) => name.startsWith(type))?.slice(type.length);
  return of('DNS:') ?? of('IP Address:') ?? null;
}
