/** What a command has printed, as a transcript says it. */
import { mask, sortRows } from './mask.ts';
import type { Command } from './read.ts';

export interface Printed {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @returns its lines in a transcript */
export function printed(
  { isUnordered }: Command,
  { code, stdout, stderr }: Printed,
): readonly string[] {
  const told = linesOf(stdout).map(mask);
  return [
    ...(isUnordered ? sortRows(told) : told).map((line) => line.replace(/^(?=[$%>#?!|]|$)/, '|')),
    ...linesOf(stderr).map((line) => `! ${mask(line)}`.trimEnd()),
    ...(code === 0 ? [] : [`? ${code}`]),
  ];
}

function linesOf(text: string): readonly string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}
