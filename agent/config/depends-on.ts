/**
 * `depends_on`, as it is written: `db healthy, migrate completed, cache`. Which processes these names
 * mean is known only when all sections are read (`dependencies.ts`).
 */
import { nearest } from '../../proto/dialect/did-you-mean.ts';
import { quoted } from '../../proto/dialect/problem.ts';
import type { Parser } from '../../proto/dialect/settings.ts';
import { splitAtSpaces } from '../../proto/dialect/white-space.ts';
import type { DependencyCondition } from '../core/definition.ts';

export interface Need {
  /** Of a process, a program or a group. */
  readonly name: string;
  readonly condition: DependencyCondition;
}

const CONDITIONS: readonly DependencyCondition[] = ['started', 'healthy', 'completed'];

/** Nothing at all is no dependency: so a program can do without those of `[DEFAULT]`. */
export const dependencies: Parser<readonly Need[]> = {
  expected:
    'names of processes, programs or groups, separated by commas, each with started, healthy or completed behind it if need be',
  parse: (text) => {
    const needs: Need[] = [];
    for (const item of text.split(/[,\n]/)) {
      const [name, condition, ...more] = splitAtSpaces(item);
      if (name === undefined) continue;
      if (condition === undefined) {
        needs.push({ name, condition: 'started' });
        continue;
      }
      const known = CONDITIONS.find((one) => one === condition.toLowerCase());
      if (known === undefined || more.length > 0) {
        return { ok: false, why: mistakeOf(name, condition, more) };
      }
      needs.push({ name, condition: known });
    }
    return { ok: true, value: needs };
  },
};

function mistakeOf(name: string, condition: string, more: readonly string[]): string {
  const isKnown = CONDITIONS.some((one) => one === condition.toLowerCase());
  const wrong = isKnown ? (more[0] ?? '') : condition;
  const near = isKnown ? null : nearest(condition, CONDITIONS);
  const meant = near === null ? '' : `; did you mean ${near}?`;
  const place = isKnown ? `${name} ${condition}` : name;
  const expected = isKnown ? 'a comma' : 'started, healthy, completed or a comma';
  return `expected ${expected} after ${quoted(place)}, found ${quoted(wrong)}${meant}`;
}
