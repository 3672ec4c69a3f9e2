/**
 * The file system as configurations read it: at once, because nothing can be done before, and with
 * limits, because a path that someone mistyped can name anything.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { ConfigFiles, FileText } from './files.ts';
import { readPipe } from './read-pipe.ts';

const MEGABYTE = 1024 ** 2;
/** No configuration comes near; a log file that was named by mistake goes beyond. */
const SIZE_MAX_BYTES = 64 * MEGABYTE;

export const nodeConfigFiles: ConfigFiles = {
  readText,
  list: (directory) => attempt(() => readdirSync(directory)) ?? [],
  isDirectory: (path) => attempt(() => statSync(path).isDirectory()) ?? false,
};

function readText(path: string, sizeMaxBytes = SIZE_MAX_BYTES): FileText {
  try {
    const status = statSync(path);
    if (status.isDirectory()) return { kind: 'directory' };
    // A pipe is what a shell's <(command) hands over; a device could go on for ever.
    if (status.isFIFO()) return decodePipe(readPipe(path, sizeMaxBytes));
    if (!status.isFile()) return unreadable('it is not a file');
    if (status.size > sizeMaxBytes) {
      return unreadable(`it is larger than ${sizeMaxBytes / MEGABYTE} MB`);
    }
    return decode(readFileSync(path));
  } catch (caught) {
    const code = errorCode(caught);
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing' };
    if (code === 'EACCES') return unreadable('permission denied');
    return unreadable(caught instanceof Error ? caught.message : String(caught));
  }
}

function decodePipe(piped: ReturnType<typeof readPipe>): FileText {
  return piped.kind === 'content' ? decode(piped.content) : unreadable(piped.why);
}

function decode(content: Uint8Array): FileText {
  // No command, path or variable can hold one, and UTF-16 is full of them.
  if (content.includes(0)) return unreadable('it contains NUL bytes; save it as UTF-8 text');
  const text = attempt(() => new TextDecoder('utf-8', { fatal: true }).decode(content));
  return text === null ? unreadable('it is not UTF-8 text') : { kind: 'text', text };
}

const unreadable = (why: string): FileText => ({ kind: 'unreadable', why });

const errorCode = (caught: unknown): unknown =>
  caught instanceof Error && 'code' in caught ? caught.code : null;

function attempt<Value>(action: () => Value): Value | null {
  try {
    return action();
  } catch {
    return null;
  }
}
