/**
 * fleetctl's side of the three standard streams. Node makes its streams when they are first
 * touched, which takes time; so only those that are used are ever touched.
 */
import type { ReadStream, WriteStream } from 'node:tty';
import { FleetError, refusal } from '../../proto/errors.ts';
import type { Environment, Output, Terminal } from '../ports.ts';

export interface FlushableOutput extends Output {
  /** Resolves when it has been taken, so that whoever reads slowly is waited for. */
  readonly writeBytes: (bytes: Uint8Array) => Promise<void>;
  readonly flushed: () => Promise<void>;
}

export interface OutputOptions {
  readonly colours: boolean;
  /** The reader went away, or a disk is full. */
  readonly onError: (error: NodeJS.ErrnoException) => void;
}

export function createOutput(
  name: 'stdout' | 'stderr',
  { colours, onError }: OutputOptions,
): FlushableOutput {
  let stream: WriteStream | null = null;
  const opened = (): WriteStream => {
    stream ??= process[name].on('error', onError);
    return stream;
  };
  return {
    write: (text) => {
      opened().write(text);
    },
    writeBytes: (bytes) => new Promise((taken) => opened().write(bytes, () => taken())),
    flushed: () =>
      new Promise((resolve) => {
        if (stream === null) resolve();
        else stream.write('', () => resolve());
      }),
    colours,
  };
}

/** Only where stdout is one. Sizes are those of now: Node follows SIGWINCH. */
export const stdoutTerminal: Terminal = {
  columns: () => process.stdout.columns,
  rows: () => process.stdout.rows,
  onResize: (callback) => {
    process.stdout.on('resize', callback);
    return { [Symbol.dispose]: () => void process.stdout.off('resize', callback) };
  },
  onResume: (callback) => {
    process.on('SIGCONT', callback);
    return { [Symbol.dispose]: () => void process.off('SIGCONT', callback) };
  },
};

/** Asked on stderr, so that it is seen while stdout goes to a file. */
export async function askOnTerminal(question: string): Promise<string | null> {
  const { createInterface } = await import('node:readline');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  let isAnswered = false;
  return new Promise((resolve) => {
    lines.once('close', () => {
      // After Ctrl-C or Ctrl-D the cursor still stands behind the question.
      if (!isAnswered) process.stderr.write('\n');
      resolve(null);
    });
    lines.once('SIGINT', () => lines.close());
    lines.question(question, (answer) => {
      isAnswered = true;
      resolve(answer);
      lines.close();
    });
  });
}

/** The names of a hundred thousand hosts are far from it; `/dev/zero` is not. */
const TEXT_MAX_BYTES = 8 * 1_048_576;

export const readText: Environment['readText'] = async (path) => {
  const name = path ?? 'standard input';
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readBytes(path));
  } catch (caught) {
    if (caught instanceof FleetError) throw caught;
    throw new FleetError(refusal('usage', `${name} cannot be read`, { cause: causeOf(caught) }));
  }
};

async function readBytes(path: string | null): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of await openSource(path)) {
    chunks.push(chunk as Uint8Array);
    length += (chunk as Uint8Array).length;
    if (length > TEXT_MAX_BYTES) throw new Error('it is larger than 8 MiB');
  }
  return Buffer.concat(chunks);
}

async function openSource(path: string | null): Promise<NodeJS.ReadableStream> {
  if (path === null) return process.stdin as ReadStream;
  const { createReadStream } = await import('node:fs');
  return createReadStream(path);
}

/** What a slip of the keyboard leads to, in words; the rest as the system says it. */
const CAUSES: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file; a path counts from where fleetctl is called',
  EISDIR: 'it is a directory',
  EACCES: 'you may not read it',
};

function causeOf(caught: unknown): string {
  if (isNotUtf8(caught)) return 'it is no UTF-8 text';
  const { code = '', message } = caught as NodeJS.ErrnoException;
  return CAUSES[code] ?? message;
}

function isNotUtf8(caught: unknown): boolean {
  return (
    caught instanceof TypeError &&
    'code' in caught &&
    caught.code === 'ERR_ENCODING_INVALID_ENCODED_DATA'
  );
}
