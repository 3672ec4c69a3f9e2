/**
 * Whose certificates the open connections were made with. Each is read once, when its connection
 * comes in: to parse it again for each call takes OpenSSL a tenth of a millisecond, and leaves one
 * more copy of what it says.
 */
import type { Identity } from '../../proto/identity.ts';

interface Connected {
  readonly holder: Identity;
  connections: number;
}

export class ConnectedHolders {
  readonly #byFingerprint = new Map<string, Connected>();

  /** @returns the same for each connection with one certificate */
  join(holder: Identity): Identity {
    const { fingerprint256 } = holder;
    const connected = this.#byFingerprint.get(fingerprint256) ?? { holder, connections: 0 };
    connected.connections += 1;
    this.#byFingerprint.set(fingerprint256, connected);
    return connected.holder;
  }

  /** Once for each time that it has joined. */
  leave({ fingerprint256 }: Identity): void {
    const connected = this.#byFingerprint.get(fingerprint256);
    if (connected === undefined) return;
    connected.connections -= 1;
    if (connected.connections === 0) this.#byFingerprint.delete(fingerprint256);
  }

  /** Null: no connection was made with that certificate. */
  find(fingerprint256: string): Identity | null {
    return this.#byFingerprint.get(fingerprint256)?.holder ?? null;
  }
}
