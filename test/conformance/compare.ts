/**
 * Judges a row: every fact that either side showed is the same, differs on purpose, or is
 * different. Pure, so that a test can show that it finds what it is there to find.
 */
import type { Difference, Expected, Fact, Row } from './row.ts';

type Verdict = 'same' | 'better on purpose' | 'different';

export interface Judgement {
  readonly verdict: Verdict;
  /** The facts that are the reason; none where everything is the same. */
  readonly findings: readonly Finding[];
}

export interface Finding {
  readonly fact: string;
  readonly verdict: Exclude<Verdict, 'same'>;
  readonly supervisor: string;
  readonly ours: string;
  /** Why it is different; for what is on purpose, the words of the document. */
  readonly because: string;
}

type Rules = Pick<Row, 'shows' | 'either' | 'onPurpose' | 'ignore'>;

/**
 * Supervisor acts at passes of a loop that may sleep for a second, so what it does may come up to
 * that much later; the rest is room for a busy machine.
 */
export const BAND_SECONDS = 1.2;

const ABSENT = '(nothing)';

/** What `perform.ts` tells of a step: where it failed on both sides, neither has shown anything. */
const STEP_FAILED = /^(?:did not happen|not done)(?: #\d+)?$/;

export function judge(rules: Rules, supervisor: readonly Fact[], ours: readonly Fact[]): Judgement {
  const names = new Set([...supervisor, ...ours].map(({ name }) => name));
  const findings = [...names]
    .filter((name) => rules.ignore?.test(name) !== true)
    .map((name) => judgeFact(rules, name, factOf(supervisor, name), factOf(ours, name)))
    .filter((finding) => finding !== null);
  const all = [...notShown(rules, supervisor), ...findings];
  return { verdict: worst(all), findings: all };
}

/** How a fact is printed and matched. */
export function textOf(fact: Fact | null): string {
  if (fact === null) return ABSENT;
  if (fact.kind === 'text') return fact.value;
  return fact.values.map((seconds) => seconds.toFixed(1)).join(' ');
}

const factOf = (facts: readonly Fact[], name: string): Fact | null =>
  facts.find((fact) => fact.name === name) ?? null;

function judgeFact(
  rules: Rules,
  name: string,
  supervisor: Fact | null,
  ours: Fact | null,
): Finding | null {
  const texts = { fact: name, supervisor: textOf(supervisor), ours: textOf(ours) };
  const accepted = rules.either?.[name];
  if (accepted !== undefined) {
    const isAccepted = [texts.supervisor, texts.ours].every((text) =>
      accepted.some((one) => matches(one, text)),
    );
    return isAccepted ? null : different(texts, 'not one of what is accepted');
  }
  const areSame = isSame(supervisor, ours);
  const purpose = rules.onPurpose?.find((one) => one.fact === name);
  if (purpose === undefined) {
    if (STEP_FAILED.test(name)) return different(texts, 'the row did not get where it leads');
    return areSame ? null : different(texts, 'not the same');
  }
  return judgePurpose(purpose, texts, areSame);
}

/** To have become like Supervisor where we want to be better is a difference, too. */
function judgePurpose(purpose: Difference, texts: Texts, areSame: boolean): Finding | null {
  if (!matches(purpose.ours, texts.ours)) return different(texts, `ours should be ${purpose.ours}`);
  return areSame ? null : { ...texts, verdict: 'better on purpose', because: purpose.see };
}

type Texts = Pick<Finding, 'fact' | 'supervisor' | 'ours'>;

const different = (texts: Texts, because: string): Finding => ({
  ...texts,
  verdict: 'different',
  because,
});

/** Times between changes are only compared where the changes are the same: those are judged apart. */
function isSame(supervisor: Fact | null, ours: Fact | null): boolean {
  if (supervisor?.kind === 'seconds' || ours?.kind === 'seconds') {
    if (supervisor?.kind !== 'seconds' || ours?.kind !== 'seconds') return true;
    if (supervisor.values.length !== ours.values.length) return true;
    return supervisor.values.every(
      (seconds, index) => Math.abs(seconds - (ours.values[index] ?? 0)) <= BAND_SECONDS,
    );
  }
  return textOf(supervisor) === textOf(ours);
}

function notShown(rules: Rules, supervisor: readonly Fact[]): readonly Finding[] {
  return Object.entries(rules.shows).flatMap(([fact, expected]) => {
    const text = textOf(factOf(supervisor, fact));
    if (matches(expected, text)) return [];
    const texts = { fact, supervisor: text, ours: ABSENT };
    return [different(texts, `the row does not show what it is there for: ${expected}`)];
  });
}

const matches = (expected: Expected, text: string): boolean =>
  typeof expected === 'string' ? expected === text : expected.test(text);

function worst(findings: readonly Finding[]): Verdict {
  if (findings.some(({ verdict }) => verdict === 'different')) return 'different';
  return findings.length > 0 ? 'better on purpose' : 'same';
}
