/**
 * Calls over a grpc-js channel as promises and async iterables, with a deadline or a signal;
 * whatever goes wrong is a `FleetError`.
 */
import { type Client, Metadata, type MethodDefinition, type ServiceError } from '@grpc/grpc-js';
import { decodeRefusal } from '../proto/codec/error.ts';
import { FleetError } from '../proto/errors.ts';

const CALL_DEADLINE_MS = 30_000;

export interface UnaryOptions {
  readonly signal?: AbortSignal;
  readonly within?: number;
}

export function unary<Request, Response>(
  channel: Client,
  { path, requestSerialize, responseDeserialize }: MethodDefinition<Request, Response>,
  request: Request,
  { signal, within = CALL_DEADLINE_MS }: UnaryOptions = {},
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const call = channel.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      new Metadata(),
      { deadline: Date.now() + within },
      (error, response) => {
        signal?.removeEventListener('abort', cancel);
        if (error !== null) reject(fleetError(error));
        else resolve(response as Response);
      },
    );
    const cancel = () => call.cancel();
    if (signal?.aborted) cancel();
    else signal?.addEventListener('abort', cancel, { once: true });
  });
}

export async function* serverStream<Request, Response>(
  channel: Client,
  { path, requestSerialize, responseDeserialize }: MethodDefinition<Request, Response>,
  request: Request,
  signal: AbortSignal,
): AsyncGenerator<Response> {
  const call = channel.makeServerStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    request,
  );
  const cancel = () => call.cancel();
  // The iteration below stops listening before the stream has told of its own cancellation.
  call.on('error', () => {});
  signal.addEventListener('abort', cancel, { once: true });
  try {
    if (signal.aborted) cancel();
    for await (const message of call) yield message as Response;
  } catch (caught) {
    throw fleetError(caught);
  } finally {
    signal.removeEventListener('abort', cancel);
    cancel();
  }
}

function fleetError(caught: unknown): FleetError {
  if (isServiceError(caught)) return new FleetError(decodeRefusal(caught));
  return new FleetError(FleetError.refusalFrom(caught));
}

function isServiceError(caught: unknown): caught is ServiceError {
  return caught instanceof Error && 'details' in caught && 'metadata' in caught;
}
