import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Advice, begin } from '../../agent/core/target.ts';
import { foundText, needsNothing } from '../../cli/render/operation/found-state.ts';
import { PROCESS_STATES, VERBS, type Verb } from '../../proto/vocabulary.ts';

type Course = 'as asked' | 'nothing' | 'refused' | 'joined' | 'started only';

function taken(verb: Verb, advice: Advice): Course {
  switch (advice.kind) {
    case 'succeed':
      return 'nothing';
    case 'fail':
      return 'refused';
    case 'wait':
      return 'joined';
    case 'signal':
      return 'as asked';
    case 'request':
      return verb === 'restart' && advice.input === 'start' ? 'started only' : 'as asked';
  }
}

function announced(text: string | null): Course {
  if (text === null) return 'as asked';
  if (/: (?:fails|refused)\b/.test(text)) return 'refused';
  if (/: nothing to do$/.test(text)) return 'nothing';
  if (/ already$|: started when it is down$/.test(text)) return 'joined';
  return /: only started$/.test(text) ? 'started only' : 'as asked';
}

/** Of a plan the health of a process is not known. */
const UNCHECKED = { lastError: null, health: null, healthError: null } as const;

test('a plan announces of each state what the agent then does with it', () => {
  for (const verb of VERBS) {
    // What an update finds, the agent alone knows.
    if (verb === 'update') continue;
    for (const state of PROCESS_STATES) {
      const advice = begin(verb, { ...UNCHECKED, state });
      const text = foundText(verb, state);
      assert.equal(announced(text), taken(verb, advice), `${verb} of ${state}: ${text}`);
      assert.equal(needsNothing(verb, state), advice.kind === 'succeed', `${verb} of ${state}`);
    }
  }
});
