/**
 * A refusal travels as a gRPC status plus one metadata entry with its code, cause and fix, so that
 * fleetctl can exit with the right code and print what to do. Without the entry (the transport
 * itself failed) the status number decides.
 */
import type { EventEmitter } from 'node:events';
import { Metadata, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import { codeOfGrpcStatus, grpcStatusOf, isErrorCode, type Refusal, refusal } from '../errors.ts';
import { clippedTo } from '../text-limits.ts';

const DETAILS_KEY = 'fleet-refusal-bin';

/** Of each part: all of them must fit in the headers that a client takes (64 KiB, escaped). */
const PART_LENGTH_MAX = 4_000;

export function encodeRefusal(because: Refusal): StatusObject {
  const metadata = new Metadata();
  const { code } = because;
  const cause = because.cause === null ? null : fitting(because.cause);
  const fix = because.fix === null ? null : fitting(because.fix);
  metadata.set(DETAILS_KEY, Buffer.from(JSON.stringify({ code, cause, fix })));
  return { code: grpcStatusOf(code), details: fitting(because.message), metadata };
}

/** Half a character, as cutting a text may leave, is replaced: grpc-js would throw at it. */
function fitting(text: string): string {
  return Buffer.from(clippedTo(PART_LENGTH_MAX, text)).toString();
}

/** As grpc-js takes it from a handler of a unary call. */
export function serviceErrorOf(because: Refusal): ServiceError {
  return Object.assign(new Error(because.message), encodeRefusal(because));
}

/**
 * Ends a stream with this status. `destroy` would end it without one, and leave the caller waiting:
 * grpc-js sends the status when a stream has *finished*, which a destroyed one never does.
 */
export function refuseStream(stream: EventEmitter, because: Refusal): void {
  stream.emit('error', serviceErrorOf(because));
}

export function decodeRefusal(error: ServiceError): Refusal {
  const details = parseDetails(error.metadata?.get(DETAILS_KEY)[0]);
  const code = details?.['code'];
  return {
    ...refusal(
      typeof code === 'string' && isErrorCode(code) ? code : codeOfGrpcStatus(error.code),
      error.details || error.message,
    ),
    cause: textOrNull(details?.['cause']),
    fix: textOrNull(details?.['fix']),
  };
}

function parseDetails(bytes: unknown): Readonly<Record<string, unknown>> | null {
  if (!Buffer.isBuffer(bytes)) return null;
  try {
    const parsed: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof parsed === 'object' && parsed !== null
      ? (parsed as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
