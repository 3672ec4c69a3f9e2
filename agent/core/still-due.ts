/**
 * Whether what an update wanted of a process is still due when its turn comes. Until then people may
 * have wanted otherwise, another update may have been there first, or the program may be configured
 * again; so its target stands for how things should be and not for a deed, and what is so already is
 * left alone.
 */
import type { ProcessVerb } from '../../proto/vocabulary.ts';
import { isLaunchedOtherwise } from './compare-configuration.ts';
import { isUp, isWantedUp, type ProcessRuntime, statusOf } from './process.ts';
import { type Advice, begin } from './target.ts';

/** @param isRetired it is configured no longer */
export function beginIfDue(verb: ProcessVerb, process: ProcessRuntime, isRetired: boolean): Advice {
  switch (verb) {
    case 'stop':
      return isRetired ? begin(verb, statusOf(process)) : CONFIGURED_AGAIN;
    case 'restart':
      return isUp(process) && process.state !== 'STOPPING' ? renew(process) : raise(verb, process);
    case 'start':
      return raise(verb, process);
    case 'signal':
      return begin(verb, statusOf(process));
  }
}

function renew(process: ProcessRuntime): Advice {
  const isStale = isLaunchedOtherwise(process, process.definition);
  return isStale ? begin('restart', statusOf(process)) : UP_TO_DATE;
}

function raise(verb: ProcessVerb, process: ProcessRuntime): Advice {
  return isWantedUp(process, process.definition) ? begin(verb, statusOf(process)) : LEFT_DOWN;
}

const already = (note: string): Advice => ({ kind: 'succeed', fault: null, note });
const CONFIGURED_AGAIN = already('it is configured again');
const UP_TO_DATE = already('it runs as configured');
const LEFT_DOWN = already('it is to be down');
