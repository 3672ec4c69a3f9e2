/**
 * A configuration out of a pipe, as a shell's `<(command)` hands it over. Opening a named pipe into
 * which nobody writes lasts for ever, and with it would everything that the reader does beside: so
 * nothing here waits longer than it says.
 */
import { closeSync, constants, openSync, readSync } from 'node:fs';

export type Piped =
  | { readonly kind: 'content'; readonly content: Uint8Array }
  | { readonly kind: 'failed'; readonly why: string };

/** Between two looks; the command that writes takes longer to start. */
const LOOK_EVERY_MS = 10;
/** A command that makes a configuration has begun to print by then. */
const SILENCE_MAX_MS = 5_000;
const CHUNK_BYTES = 64 * 1024;

/** Everything until the last writer closes it. Throws where the path cannot be opened. */
export function readPipe(path: string, sizeMaxBytes: number): Piped {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return readToEnd(descriptor, sizeMaxBytes);
  } finally {
    closeSync(descriptor);
  }
}

function readToEnd(descriptor: number, sizeMaxBytes: number): Piped {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  let silenceMs = 0;
  while (silenceMs < SILENCE_MAX_MS) {
    const chunk = readChunk(descriptor);
    if (chunk === null) {
      pause(LOOK_EVERY_MS);
      silenceMs += LOOK_EVERY_MS;
      continue;
    }
    if (chunk.byteLength === 0) return ended(chunks);
    silenceMs = 0;
    sizeBytes += chunk.byteLength;
    if (sizeBytes > sizeMaxBytes) return failed('it is a pipe without an end');
    chunks.push(chunk);
  }
  return failed(`it is a pipe, and nothing came out of it for ${SILENCE_MAX_MS / 1000} s`);
}

function ended(chunks: readonly Uint8Array[]): Piped {
  if (chunks.length === 0) return failed('it is a pipe into which nobody writes');
  return { kind: 'content', content: Buffer.concat(chunks) };
}

const failed = (why: string): Piped => ({ kind: 'failed', why });

/** Null where there is nothing yet. */
function readChunk(descriptor: number): Uint8Array | null {
  const chunk = new Uint8Array(CHUNK_BYTES);
  try {
    return chunk.subarray(0, readSync(descriptor, chunk));
  } catch (caught) {
    if (caught instanceof Error && 'code' in caught && caught.code === 'EAGAIN') return null;
    throw caught;
  }
}

/** Configurations are read at once, so there is nothing to go on with meanwhile. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
