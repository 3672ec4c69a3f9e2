/**
 * Makes sure, before a child is started, that there are descriptors enough for it. Where they run
 * out half-way, Node 20 reports it but leaves open what it had got so far (the socket of an extra
 * pipe, the event loop of spawnSync), so each failure would bring the next one nearer.
 */
import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';

/** More than a keeper takes (a pair for the gate, one for fork), or mkfifo(1) with its own loop. */
export const SPARE_DESCRIPTORS = 16;

/** @throws EMFILE */
export function ensureDescriptorsLeft(needed = SPARE_DESCRIPTORS): void {
  const opened: number[] = [];
  try {
    while (opened.length < needed) opened.push(openSync(devNull, 'r'));
  } finally {
    for (const descriptor of opened) closeSync(descriptor);
  }
}
