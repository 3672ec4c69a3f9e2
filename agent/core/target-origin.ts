/** Whose order an event is about, as far as that is still known. */
import type { PersistentMap } from '../../proto/persistent-map.ts';
import type { AgentEvent } from '../../proto/vocabulary.ts';
import { type TargetKey, targetKey } from './state.ts';
import type { TargetRecord } from './target.ts';

/** Of one that the controller has not given, and whose verdict it does not wait for. */
export function isLocal(
  targets: PersistentMap<TargetKey, TargetRecord>,
  event: AgentEvent,
): boolean {
  switch (event.kind) {
    case 'targetAccepted':
    case 'targetVerifying':
    case 'targetSettled':
      // Of a forgotten one the controller has heard all that it waits for.
      return targets.get(targetKey(event))?.origin !== 'controller';
    default:
      return false;
  }
}
