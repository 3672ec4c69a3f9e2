/**
 * Makes the id of an operation: a UUIDv7 (RFC 9562 §5.7), so that ids sort by the time they were
 * made, and a repeat of one that got no answer is recognised.
 */
import { type OperationId, operationId } from './vocabulary.ts';

/** What `makeOperationId` needs of randomness. */
export const OPERATION_ID_RANDOM_BYTES = 10;

/** @param random ten random bytes; six of their 80 bits give way to version and variant */
export function makeOperationId(nowMs: number, random: Uint8Array): OperationId {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(nowMs, 0, 6);
  bytes.set(random.subarray(0, OPERATION_ID_RANDOM_BYTES), 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  const parts = [0, 8, 12, 16, 20].map((start, index, starts) =>
    hex.slice(start, starts[index + 1]),
  );
  return operationId(parts.join('-'));
}
