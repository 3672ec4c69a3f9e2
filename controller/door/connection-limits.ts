/**
 * How many connections the controller keeps, and which goes when there are too many. Handshakes that
 * are not finished cost a descriptor each and come from anybody: of those the oldest goes, so that
 * nobody keeps a newcomer out by connecting and staying silent. Of the finished ones the oldest of
 * the same certificate goes; only where descriptors run out, those who are in count for more.
 */
import type { IdentityKind } from '../../proto/identity-name.ts';

export interface ConnectionLimits {
  readonly handshakesPerNeighbourhood: number;
  readonly handshakes: number;
  readonly connections: number;
}

/** For files, the database and its log, listeners, and what is about to be closed. */
const DESCRIPTORS_RESERVED = 128;

const HANDSHAKES_MAX = 4_096;
/** A whole data centre may come back through one router, at a hundred handshakes a second. */
const HANDSHAKES_PER_NEIGHBOURHOOD_MAX = 1_024;

/** @param descriptors that this process may have open; null: no limit is known */
export function limitsWithin(descriptors: number | null): ConnectionLimits {
  const all = descriptors ?? Number.POSITIVE_INFINITY;
  const handshakes = clamp(Math.floor(all / 4), 8, HANDSHAKES_MAX);
  return {
    handshakes,
    handshakesPerNeighbourhood: Math.min(
      HANDSHAKES_PER_NEIGHBOURHOOD_MAX,
      Math.ceil(handshakes / 2),
    ),
    connections: Math.max(8, all - DESCRIPTORS_RESERVED - handshakes),
  };
}

/**
 * An agent has one, for a moment two, and those that the network has forgotten until they are
 * noticed; a person may run fleetctl many times at once in a script. Each can make us buffer a
 * message for each of its streams, so it is not more than that.
 */
const CONNECTIONS_PER_CERTIFICATE: Readonly<Record<IdentityKind, number>> = {
  agent: 8,
  operator: 64,
  controller: 8,
};

/** Sockets whose handshake is under way, oldest first. */
export class Handshakes<Socket> {
  readonly #limits: Omit<ConnectionLimits, 'connections'>;
  readonly #all = new Map<Socket, string>();
  readonly #byNeighbourhood = new Map<string, Set<Socket>>();

  constructor(limits: Omit<ConnectionLimits, 'connections'>) {
    this.#limits = limits;
  }

  sockets(): readonly Socket[] {
    return [...this.#all.keys()];
  }

  /** @returns the one that has to go for it; null: there is room */
  begin(socket: Socket, neighbourhood: string): Socket | null {
    const neighbours = this.#byNeighbourhood.get(neighbourhood) ?? new Set();
    const isCrowdedThere = neighbours.size >= this.#limits.handshakesPerNeighbourhood;
    const isCrowded = this.#all.size >= this.#limits.handshakes;
    const [oldestThere] = neighbours;
    const [oldest] = this.#all.keys();
    const leaving = isCrowdedThere ? oldestThere : isCrowded ? oldest : undefined;
    if (leaving !== undefined) this.end(leaving);
    this.#all.set(socket, neighbourhood);
    this.#byNeighbourhood.set(neighbourhood, neighbours.add(socket));
    return leaving ?? null;
  }

  /** Finished, or gone; may be told more than once. */
  end(socket: Socket): void {
    const neighbourhood = this.#all.get(socket);
    if (neighbourhood === undefined) return;
    this.#all.delete(socket);
    const neighbours = this.#byNeighbourhood.get(neighbourhood);
    neighbours?.delete(socket);
    if (neighbours?.size === 0) this.#byNeighbourhood.delete(neighbourhood);
  }
}

export type Admission<Socket> =
  /** `leaving`: has to go for it; null: there is room. */
  { readonly kind: 'admitted'; readonly leaving: Socket | null } | { readonly kind: 'full' };

/** Sockets whose handshake is done, by the certificate that they showed. */
export class Connections<Socket> {
  readonly #max: number;
  readonly #byCertificate = new Map<string, Set<Socket>>();
  #size = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#size;
  }

  admit(socket: Socket, fingerprint: string, kind: IdentityKind): Admission<Socket> {
    const same = this.#byCertificate.get(fingerprint) ?? new Set();
    const [oldest] = same;
    const leaving = same.size >= CONNECTIONS_PER_CERTIFICATE[kind] ? (oldest ?? null) : null;
    if (leaving === null && this.#size >= this.#max) return { kind: 'full' };
    if (leaving !== null) this.leave(leaving, fingerprint);
    this.#byCertificate.set(
      fingerprint,
      (this.#byCertificate.get(fingerprint) ?? same).add(socket),
    );
    this.#size += 1;
    return { kind: 'admitted', leaving };
  }

  /** May be told more than once. */
  leave(socket: Socket, fingerprint: string): void {
    const same = this.#byCertificate.get(fingerprint);
    if (same?.delete(socket) !== true) return;
    this.#size -= 1;
    if (same.size === 0) this.#byCertificate.delete(fingerprint);
  }
}

const clamp = (value: number, min: number, max: number): number =>
  Math.min(max, Math.max(min, value));
