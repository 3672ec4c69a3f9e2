/**
 * The protocol between agent, controller and fleetctl is one integer. Both sides accept one
 * version more and one less than their own, so a fleet can be upgraded host by host.
 *
 * History:
 *   1  2026-11-22  the first: sessions, snapshots, events, commands, operations. Still being written:
 *                  until 0.1.0 is released, all programs of a fleet come from one commit.
 */
export const PROTOCOL_VERSION = 1;

/** What the programs report of themselves; the same as in package.json, which a test asserts. */
export const PRODUCT_VERSION = '0.1.0';

export function isAcceptedProtocol(theirs: number): boolean {
  return theirs >= 1 && Math.abs(theirs - PROTOCOL_VERSION) <= 1;
}
