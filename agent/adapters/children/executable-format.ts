/**
 * Tells a file that the kernel would not execute (ENOEXEC), because nobody else does: execvp(3)
 * and every shell then take the file for a shell script and run it line by line, whatever it is: a
 * binary for another processor, a text without `#!`, a download that broke off.
 */
import { closeSync, constants, openSync, readdirSync, readSync } from 'node:fs';

/** ELF: magic number, then byte order (5) and processor (18); elf(5). */
const HEADER_BYTES = 20;
const ELF_MAGIC = '\x7fELF';
const ELF_BYTE_ORDER = 5;
const ELF_BIG_ENDIAN = 2;
const ELF_MACHINE = 18;

/** Kernels for these also run the programs of their 32-bit forebears: x86-64 i386, arm64 arm. */
const ALSO_RUNS: ReadonlyMap<number, number> = new Map([
  [62, 3],
  [183, 40],
]);

/** What cannot be told counts as executable: the attempt will show. */
export function isExecutableFormat(path: string): boolean {
  if (process.platform !== 'linux') return true;
  const header = headerOf(path);
  if (header === null) return true;
  const magic = header.toString('latin1', 0, 4);
  const isKnown = magic.startsWith('#!') || (magic === ELF_MAGIC && isForThisMachine(header));
  return isKnown || hasMoreFormats();
}

/** Looked at once: it runs. */
let ownHeader: Buffer | null = null;

function isForThisMachine(header: Buffer): boolean {
  ownHeader ??= headerOf(process.execPath);
  const own = ownHeader;
  if (own === null || header.length < HEADER_BYTES) return header.length >= HEADER_BYTES;
  const machine = machineOf(header);
  return machine === machineOf(own) || machine === ALSO_RUNS.get(machineOf(own));
}

function machineOf(header: Buffer): number {
  return header[ELF_BYTE_ORDER] === ELF_BIG_ENDIAN
    ? header.readUInt16BE(ELF_MACHINE)
    : header.readUInt16LE(ELF_MACHINE);
}

/** Null where it cannot be read, as a program that one may only execute. */
function headerOf(path: string): Buffer | null {
  const header = Buffer.alloc(HEADER_BYTES);
  try {
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      return header.subarray(0, readSync(descriptor, header, 0, HEADER_BYTES, 0));
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return null;
  }
}

/** Kernels can be taught others (binfmt_misc: qemu, Java, Wine); which, is for them to say. */
function hasMoreFormats(): boolean {
  try {
    return readdirSync('/proc/sys/fs/binfmt_misc').length > FILES_OF_ITS_OWN;
  } catch {
    return false;
  }
}

/** `register` and `status`. */
const FILES_OF_ITS_OWN = 2;
