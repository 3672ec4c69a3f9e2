/**
 * The controller takes back what it has ordered: each target that it names gets its verdict. One that
 * this agent has never heard of does too, and is on record from then on, because its command may
 * still be on its way.
 */
import type { ControllerMessage } from '../../proto/messages.ts';
import { newTarget, repeatAnswer, WITHOUT_CONDITIONS } from './accept-targets.ts';
import { settleUnbegun } from './carry-out-targets.ts';
import { forgetOldTargets } from './forget-targets.ts';
import { giveUp, isBegun } from './give-up.ts';
import { type Turn, targetKey } from './state.ts';
import type { TargetRecord } from './target.ts';
import { unbegun } from './verdict.ts';

type Withdrawal = Extract<ControllerMessage, { readonly kind: 'withdraw' }>;

export function withdraw(turn: Turn, withdrawal: Withdrawal): void {
  const { operationId, verb, processes, because } = withdrawal;
  let newTargets = 0;
  for (const process of new Set(processes)) {
    const known = turn.state.targets.get(targetKey({ operationId, verb, process }));
    if (known !== undefined) {
      withdrawKnown(turn, known, withdrawal);
      continue;
    }
    settleUnbegun(
      turn,
      newTarget(turn, { ...NEVER_HEARD_OF, operationId, verb }, process),
      unbegun(because),
    );
    newTargets += 1;
  }
  forgetOldTargets(turn, newTargets);
}

const NEVER_HEARD_OF = {
  origin: 'controller',
  signal: null,
  groups: [],
  ...WITHOUT_CONDITIONS,
} as const;

function withdrawKnown(turn: Turn, known: TargetRecord, { because, giveUp: isKilled }: Withdrawal) {
  const isOurs = known.origin === 'controller' && known.outcome === null;
  if (isOurs && (isKilled || !isBegun(turn, known))) giveUp(turn, known, because);
  const now = turn.state.targets.get(targetKey(known)) ?? known;
  // A verdict that was given just now has been told.
  if (now.outcome === known.outcome) repeatAnswer(turn, now);
}
