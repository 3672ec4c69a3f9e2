/**
 * The closed list of things that can be refused or go wrong in an expected way, and the one table
 * that says what each is on the wire, as an exit code, and in which words.
 *
 * Inside the programs a refusal is a plain value (`Refusal`). `FleetError` carries one through
 * code that can only throw, at the edges: a stream that broke, a command that ends the program.
 */

/** gRPC status numbers, so that this file needs no package (grpc: status codes). */
const GRPC = {
  cancelled: 1,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

interface CodeRow {
  readonly grpcStatus: number;
  /** Of fleetctl; the daemons use it when they refuse to start. */
  readonly exitCode: number;
  /** How a message without a better one begins. */
  readonly text: string;
}

const CODES = {
  internal: { grpcStatus: GRPC.internal, exitCode: 1, text: 'internal error' },
  conflict: {
    grpcStatus: GRPC.alreadyExists,
    exitCode: 1,
    text: 'this id is taken by something else',
  },
  'version-skew': {
    grpcStatus: GRPC.failedPrecondition,
    exitCode: 1,
    text: 'the two programs are too far apart in version',
  },
  'wrong-state': {
    grpcStatus: GRPC.failedPrecondition,
    exitCode: 1,
    text: 'not possible as things stand',
  },
  /** Nothing was attempted, so the code is that of an operation which stopped early. */
  locked: { grpcStatus: GRPC.aborted, exitCode: 12, text: 'in use by another operation' },
  exhausted: { grpcStatus: GRPC.resourceExhausted, exitCode: 1, text: 'no room left' },
  usage: { grpcStatus: GRPC.invalidArgument, exitCode: 2, text: 'not understood' },
  configuration: {
    grpcStatus: GRPC.invalidArgument,
    exitCode: 2,
    text: 'the configuration is not usable',
  },
  surprise: {
    grpcStatus: GRPC.invalidArgument,
    exitCode: 2,
    text: 'not what was expected',
  },
  unavailable: { grpcStatus: GRPC.unavailable, exitCode: 4, text: 'not reachable' },
  denied: { grpcStatus: GRPC.permissionDenied, exitCode: 5, text: 'not allowed' },
  unauthenticated: {
    grpcStatus: GRPC.unauthenticated,
    exitCode: 5,
    text: 'no acceptable certificate',
  },
  'nothing-matched': { grpcStatus: GRPC.notFound, exitCode: 6, text: 'nothing matched' },
  'timed-out': { grpcStatus: GRPC.deadlineExceeded, exitCode: 124, text: 'waiting timed out' },
  interrupted: { grpcStatus: GRPC.cancelled, exitCode: 130, text: 'interrupted' },
} as const satisfies Record<string, CodeRow>;

export type ErrorCode = keyof typeof CODES;

/** What was refused (`message`), why (`cause`), and what mends it (`fix`). */
export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly cause: string | null;
  readonly fix: string | null;
}

export const grpcStatusOf = (code: ErrorCode): number => CODES[code].grpcStatus;
export const exitCodeOf = (code: ErrorCode): number => CODES[code].exitCode;
export const isErrorCode = (text: string): text is ErrorCode => Object.hasOwn(CODES, text);

/** For a status that came without our own details: from grpc-js itself, or a proxy. */
export function codeOfGrpcStatus(status: number): ErrorCode {
  const found = Object.entries(CODES).find(([, row]) => row.grpcStatus === status);
  return found === undefined ? 'internal' : (found[0] as ErrorCode);
}

export function refusal(
  code: ErrorCode,
  message: string,
  more: { readonly cause?: string; readonly fix?: string } = {},
): Refusal {
  return { code, message, cause: more.cause ?? null, fix: more.fix ?? null };
}

/** Tells what was refused from what was asked for. */
export function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && 'code' in value && 'fix' in value;
}

/** What anything that was caught says of itself. */
export function messageOf(caught: unknown): string {
  return caught instanceof Error ? caught.message : String(caught);
}

/** The one class of error that the programs throw on purpose. */
export class FleetError extends Error {
  readonly refusal: Refusal;

  constructor(because: Refusal) {
    super(because.message);
    this.name = 'FleetError';
    this.refusal = because;
  }

  /** Anything that was caught, as a refusal. Used only at the edges. */
  static refusalFrom(caught: unknown): Refusal {
    if (caught instanceof FleetError) return caught.refusal;
    return refusal('internal', `${CODES.internal.text}: ${messageOf(caught)}`);
  }
}
