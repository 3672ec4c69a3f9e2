/**
 * The exit code of several targets: that of the last failure (supervisorctl), where "last" goes by
 * the words as they were typed and not by what happened to end last, so that a script gets the same
 * code each time. A restart is a round of stops and then a round of starts.
 */
import type { ProcessVerb } from '../../../proto/vocabulary.ts';
import { EXIT } from '../exit-status.ts';
import { type ProcessNews, processExit } from '../render/news.ts';
import { typedPlaces } from '../typed-order.ts';

export interface LastFailure {
  readonly note: (news: ProcessNews) => void;
  readonly exitCode: () => number;
}

export function lastFailureOf(verb: ProcessVerb, names: readonly string[]): LastFailure {
  const placeOf = typedPlaces(names);
  let last = { position: -1, exitCode: EXIT.success as number };
  return {
    note: (news) => {
      const exitCode = processExit(news);
      if (exitCode === null) return;
      const word = placeOf(news.process);
      const isFirstRound = verb === 'restart' && news.step === 'stop';
      const position = isFirstRound ? word : names.length + word;
      if (position >= last.position) last = { position, exitCode };
    },
    exitCode: () => last.exitCode,
  };
}
