/** Runs one row on both sides at the same time and judges it. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Judgement, judge } from './compare.ts';
import { performSteps } from './perform.ts';
import type { Fact, Row } from './row.ts';
import type { Side } from './side.ts';
import { Stage } from './stage.ts';

export interface Bench {
  readonly sides: { readonly supervisor: Side; readonly ours: Side };
  readonly probes: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Below which each run of a row gets a directory. */
  readonly directory: string;
}

export interface RowResult {
  readonly row: Row;
  readonly judgement: Judgement;
  readonly supervisor: readonly Fact[];
  readonly ours: readonly Fact[];
  readonly seconds: number;
}

/** @param place a name that no other run has: it becomes a directory */
export async function runRow(bench: Bench, row: Row, place: string): Promise<RowResult> {
  const startMs = performance.now();
  const [supervisor, ours] = await Promise.all(
    [bench.sides.supervisor, bench.sides.ours].map((side) => runSide(bench, row, side, place)),
  );
  const facts = { supervisor: supervisor ?? [], ours: ours ?? [] };
  return {
    row,
    judgement: judge(row, facts.supervisor, facts.ours),
    ...facts,
    seconds: (performance.now() - startMs) / 1_000,
  };
}

async function runSide(
  bench: Bench,
  row: Row,
  side: Side,
  place: string,
): Promise<readonly Fact[]> {
  const { probes, environment } = bench;
  // Short: the path of a unix socket has at most 107 bytes.
  const directory = join(bench.directory, place, side.name);
  mkdirSync(directory, { recursive: true });
  await using stage = new Stage({ side, row, directory, probes, environment });
  await stage.startDaemon();
  return await performSteps(stage, row.steps);
}
