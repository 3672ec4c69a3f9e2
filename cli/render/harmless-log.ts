/**
 * One log as a terminal may have it, from its first chunk to its last. Both a character and the end of
 * a line may be cut in two between two chunks: what looks like half of either is held back until it
 * is known what it was.
 */
import { neutraliseLog } from './text.ts';

export function harmlessLog(): (chunk: Uint8Array) => Uint8Array {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let held = '';
  return (chunk) => {
    const text = held + decoder.decode(chunk, { stream: true });
    held = text.endsWith('\r') ? '\r' : '';
    return Buffer.from(neutraliseLog(text.slice(0, text.length - held.length)));
  };
}
