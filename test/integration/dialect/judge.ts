/** Asks Python, in one process for all questions, and makes the generated questions. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';

const JUDGE = fileURLToPath(new URL('judge.py', import.meta.url));

/** Debian's supervisor belongs to Debian's own interpreter, which need not be the first one. */
const INTERPRETERS = ['python3', '/usr/bin/python3'];

/** An interpreter that has the module, or null. */
export function findPython(module: string): string | null {
  const has = (python: string) => spawnSync(python, ['-c', `import ${module}`]).status === 0;
  return INTERPRETERS.find(has) ?? null;
}

/** What `judge.py` answers to each question, by the kinds of its JUDGES, in order. */
export function judge<Kind extends string>(
  asked: Readonly<Record<Kind, readonly unknown[]>>,
  { python = 'python3', env = {} }: { python?: string; env?: Record<string, string> } = {},
): Record<Kind, readonly unknown[]> {
  const found = spawnSync(python, [JUDGE], {
    input: JSON.stringify(asked),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, PYTHONUTF8: '1', ...env },
  });
  const why = `python3 is needed for this test: ${found.error ?? found.stderr}`;
  assert.equal(found.status, 0, why);
  return JSON.parse(found.stdout);
}

/** Fixed, so that a failure is the same everywhere; change it to look for others. */
export const SEED = 20261122;

/** Texts of up to `maxLength` of the pieces. */
export function sample(pieces: readonly string[], maxLength: number, numRuns: number): string[] {
  return fc.sample(
    fc.array(fc.constantFrom(...pieces), { maxLength }).map((chosen) => chosen.join('')),
    { seed: SEED, numRuns },
  );
}

/**
 * Every question is answered the same, and enough of them were right and wrong ones: a generator
 * that makes only nonsense, or none, would test nothing.
 */
export function assertSame(
  questions: readonly unknown[],
  answers: { readonly ours: readonly unknown[]; readonly theirs: readonly unknown[] },
  valid: {
    readonly isValid: (answer: unknown) => boolean;
    readonly least: { readonly valid: number; readonly invalid: number };
  },
): void {
  const { ours, theirs } = answers;
  assert.equal(theirs.length, questions.length);
  questions.forEach((question, index) => {
    assert.deepEqual(ours[index], theirs[index], `seed ${SEED}: ${JSON.stringify(question)}`);
  });
  const count = theirs.filter(valid.isValid).length;
  assert.ok(count >= valid.least.valid, `only ${count} are valid`);
  assert.ok(questions.length - count >= valid.least.invalid, `${count} are valid, too many`);
}
