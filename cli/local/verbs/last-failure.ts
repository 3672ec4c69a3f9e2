/**
 * The exit code of several targets: that of the last failure (supervisorctl), where "last" goes by
 * the words as they were typed and not by what happened to end last, so that a script gets the same
 * code each time. A restart is a round of stops and then a round of starts.
 */
import type { ProcessVerb } from '../../../proto/vocabulary.ts';
import { EXIT } from '../exit-status.ts';
import { groupOf, shownName } from '../names.ts';
import { type ProcessNews, processExit } from '../render/news.ts';

export interface LastFailure {
  readonly note: (news: ProcessNews) => void;
  readonly exitCode: () => number;
}

export function lastFailureOf(verb: ProcessVerb, names: readonly string[]): LastFailure {
  const positions = new Map<string, number>();
  for (const [index, typed] of names.entries()) {
    for (const meant of [typed, shownName(typed)]) positions.set(meant, index);
    const group = groupOf(typed);
    if (group !== null) positions.set(`${group}:`, index);
  }
  let last = { position: -1, exitCode: EXIT.success as number };
  return {
    note: (news) => {
      const exitCode = processExit(news);
      if (exitCode === null) return;
      const [group = ''] = news.process.split(':');
      const word = positions.get(news.process) ?? positions.get(`${group}:`) ?? 0;
      const isFirstRound = verb === 'restart' && news.step === 'stop';
      const position = isFirstRound ? word : names.length + word;
      if (position >= last.position) last = { position, exitCode };
    },
    exitCode: () => last.exitCode,
  };
}
