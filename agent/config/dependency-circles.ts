/** Processes that wait for each other would wait for ever. */
import type { Findings, Subject } from '../../proto/dialect/problem.ts';
import type { ProcessName } from '../../proto/vocabulary.ts';
import type { ProcessDefinition } from '../core/definition.ts';

/** Longer circles are shown by their beginning. */
const SHOWN_MAX = 12;

/** @param subjects where each one says what it depends on */
export function checkCircles(
  definitions: readonly ProcessDefinition[],
  subjects: ReadonlyMap<ProcessName, Subject>,
  findings: Findings,
): void {
  const byName = new Map(definitions.map((one) => [one.process, one]));
  const waiting = new Set<ProcessName>();
  for (const { process, dependsOn } of definitions) if (dependsOn.length > 0) waiting.add(process);
  for (;;) {
    removeUntangled(waiting, byName);
    const [first] = waiting;
    if (first === undefined) return;
    const circle = circleFrom(first, waiting, byName);
    const [start = first] = circle;
    const subject = subjects.get(start);
    if (subject !== undefined) {
      const message = `each waits for the next, and none can ever start: ${shown(circle)}`;
      findings.error(subject, message, 'leave one of these dependencies out');
    }
    // Of programs with many processes each, one circle says it all.
    const programs = new Set(circle.map((name) => byName.get(name)?.program));
    for (const name of waiting) if (programs.has(byName.get(name)?.program)) waiting.delete(name);
  }
}

type ByName = ReadonlyMap<ProcessName, ProcessDefinition>;

/** Takes out whatever waits for nothing that waits, until only what is entangled is left. */
function removeUntangled(waiting: Set<ProcessName>, byName: ByName): void {
  const unmet = new Map<ProcessName, number>();
  const dependents = new Map<ProcessName, ProcessName[]>();
  const free: ProcessName[] = [];
  for (const name of waiting) {
    const needed = neededBy(name, byName).filter((one) => waiting.has(one));
    unmet.set(name, needed.length);
    if (needed.length === 0) free.push(name);
    for (const one of needed) {
      const known = dependents.get(one);
      if (known === undefined) dependents.set(one, [name]);
      else known.push(name);
    }
  }
  for (let name = free.pop(); name !== undefined; name = free.pop()) {
    waiting.delete(name);
    for (const dependent of dependents.get(name) ?? []) {
      const left = (unmet.get(dependent) ?? 0) - 1;
      unmet.set(dependent, left);
      if (left === 0) free.push(dependent);
    }
  }
}

/** Everything that is left depends on something that is left, so every way leads into a circle. */
function circleFrom(
  start: ProcessName,
  waiting: ReadonlySet<ProcessName>,
  byName: ByName,
): readonly ProcessName[] {
  const stepOf = new Map<ProcessName, number>();
  let name: ProcessName | undefined = start;
  while (name !== undefined && !stepOf.has(name)) {
    stepOf.set(name, stepOf.size);
    name = neededBy(name, byName).find((one) => waiting.has(one));
  }
  const way = [...stepOf.keys()];
  return way.slice(name === undefined ? 0 : stepOf.get(name));
}

const neededBy = (name: ProcessName, byName: ByName): readonly ProcessName[] =>
  byName.get(name)?.dependsOn.map(({ process }) => process) ?? [];

function shown(circle: readonly ProcessName[]): string {
  const all = [...circle, ...circle.slice(0, 1)];
  const names = all.length > SHOWN_MAX ? [...all.slice(0, SHOWN_MAX), '…'] : all;
  return names.join(' → ');
}
