/** The table as it is printed: one line a row, and below it what is behind each difference. */
import { type Finding, textOf } from './compare.ts';
import type { Fact, Row } from './row.ts';
import type { RowResult } from './run-row.ts';

const CELL_MAX = 60;
const SEPARATOR = ' · ';

export const HEADING = [
  'scenario',
  'supervisor',
  'ours',
  'same | better on purpose | different',
].join(SEPARATOR);

/** The facts that make the difference, or the first one that the row is about. */
export function rowLine({ row, judgement, supervisor, ours }: RowResult): string {
  const [finding] = judgement.findings.filter(({ verdict }) => verdict === judgement.verdict);
  const about = finding?.fact ?? Object.keys(row.shows)[0] ?? '';
  const shown = (facts: readonly Fact[]) =>
    textOf(facts.find(({ name }) => name === about) ?? null);
  return [scenario(row), cell(shown(supervisor)), cell(shown(ours)), judgement.verdict].join(
    SEPARATOR,
  );
}

export const skippedLine = (row: Row, reason: string): string =>
  [scenario(row), '–', '–', `skipped: ${reason}`].join(SEPARATOR);

export function differenceText({ row, judgement }: RowResult): string {
  const findings = judgement.findings.filter(({ verdict }) => verdict === 'different');
  return [`\n${scenario(row)}`, ...findings.map(findingText)].join('\n');
}

function findingText({ fact, supervisor, ours, because }: Finding): string {
  return `  ${fact}: ${because}\n${indented('supervisor', supervisor)}\n${indented('ours', ours)}`;
}

const indented = (who: string, text: string): string =>
  `    ${who.padEnd(10)} ${text.replaceAll('\n', `\n${' '.repeat(15)}`)}`;

const scenario = ({ name, ref }: Row): string => (ref === null ? name : `${ref} ${name}`);

function cell(text: string): string {
  const line = text.replaceAll(/\s*\n\s*/g, ' ⏎ ');
  return line.length <= CELL_MAX ? line : `${line.slice(0, CELL_MAX - 1)}…`;
}

/** Everything that both sides showed, for whoever writes or mends a row. */
export function factsText({ row, supervisor, ours, seconds }: RowResult): string {
  const facts = new Set([...supervisor, ...ours].map(({ name }) => name));
  const one = (all: readonly Fact[], fact: string) =>
    textOf(all.find(({ name }) => name === fact) ?? null);
  return [
    `\n${scenario(row)} (${seconds.toFixed(1)} s)`,
    ...[...facts].map((fact) => {
      const theirs = indented('supervisor', one(supervisor, fact));
      return `  ${fact}\n${theirs}\n${indented('ours', one(ours, fact))}`;
    }),
  ].join('\n');
}
