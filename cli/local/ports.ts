/**
 * The agent of this very host as `fleetctl --local` sees it, and who cannot be found there. Tests
 * put a scripted agent in its place.
 */
import type {
  ClearResult,
  Greeting,
  LocalListing,
  LocalOrder,
  LogRequest,
  OrderNews,
} from '../../proto/local-orders.ts';

/** Every failure is a `FleetError`. */
export interface LocalClient extends Disposable {
  readonly agent: Pick<Greeting, 'version' | 'pid'>;
  readonly list: () => Promise<LocalListing>;
  /**
   * Tells as it happens; the last news is `done` or `refused`, and it throws where the agent went
   * away before that. Whoever stops listening changes nothing: the agent goes on.
   */
  readonly give: (order: LocalOrder) => AsyncIterable<OrderNews>;
  /** Throws `nothing-matched` where there is no such process, or no such log. */
  readonly readLog: (request: LogRequest, signal: AbortSignal) => AsyncIterable<Uint8Array>;
  readonly clearLogs: (names: readonly string[]) => Promise<readonly ClearResult[]>;
}

export interface Unreachable {
  readonly kind: 'unreachable';
  /** `unix:///run/fleetvisor/agent.sock` */
  readonly url: string;
  readonly reason: 'missing' | 'refused' | 'denied' | 'unusable';
  /** What the system said. */
  readonly detail: string;
}

export type LocalDial = { readonly kind: 'client'; readonly client: LocalClient } | Unreachable;

/** Where logs are written to, byte for byte. */
export interface LogOutput {
  /** Resolves when it has been taken, however slow the reader is. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
  /** A terminal obeys what it is told; a file does not. */
  readonly isTerminal: boolean;
}
