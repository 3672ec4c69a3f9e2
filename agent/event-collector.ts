/**
 * What the agent has to tell, gathered for a moment and sent in one frame. A frame costs both ends
 * several times what an event in it does, and one restart is six events within some milliseconds: on
 * a controller with 10,000 agents that is most of its work. What an operation waits for is not held
 * up: a verdict takes with it, at once, all that was gathered before.
 */
import type { AgentMessage } from '../proto/messages.ts';
import type { AgentEvent, SequencedEvent } from '../proto/vocabulary.ts';
import type { Clock } from './ports.ts';

/** What comes within a tenth of a second is seen as at once. */
export const LINGER_MS = 100;

/**
 * In one frame. With all the texts that an event may carry, as long as they may be, it is some
 * 20 KB, and a frame must stay below 1 MiB.
 */
export const EVENTS_PER_FRAME_MAX = 32;

export interface EventCollector {
  /** Everything leaves in the order in which it is given. */
  send(message: AgentMessage): void;
  /** What was gathered is not sent any more: its session is over. */
  forget(): void;
}

export function createEventCollector(
  write: (message: AgentMessage) => void,
  clock: Pick<Clock, 'after' | 'soon'>,
): EventCollector {
  let sessionEpoch = 0;
  let gathered: SequencedEvent[] = [];
  /** Grows with each frame, so that a timer knows whether what it was set for has left. */
  let frames = 0;
  let isLeavingSoon = false;

  function send(message: AgentMessage): void {
    if (message.kind === 'event') return gather(message);
    flush();
    write(message);
  }

  function gather({
    sessionEpoch: epoch,
    seq,
    atMs,
    event,
  }: Extract<AgentMessage, { readonly kind: 'event' }>): void {
    if (epoch !== sessionEpoch || gathered.length === EVENTS_PER_FRAME_MAX) flush();
    sessionEpoch = epoch;
    gathered.push({ seq, atMs, event });
    if (gathered.length === 1) leaveAfterLinger();
    if (isAwaited(event)) leaveSoon();
  }

  function leaveAfterLinger(): void {
    const frame = frames;
    clock.after(LINGER_MS, () => {
      if (frame === frames) flush();
    });
  }

  /** Not within the call: of an update of a whole host all verdicts come one after another. */
  function leaveSoon(): void {
    if (isLeavingSoon) return;
    isLeavingSoon = true;
    clock.soon(() => {
      isLeavingSoon = false;
      flush();
    });
  }

  function flush(): void {
    if (gathered.length === 0) return;
    const events = gathered;
    forget();
    write({ kind: 'events', sessionEpoch, events });
  }

  function forget(): void {
    gathered = [];
    frames += 1;
  }

  return { send, forget };
}

function isAwaited({ kind }: AgentEvent): boolean {
  return kind === 'targetSettled';
}
