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
 * Of the events of one frame, as JSON: about a hundred. Some carry the last lines of a program, and
 * a frame must stay below 1 MiB (`MESSAGE_MAX_BYTES`), however many bytes a character takes.
 */
export const FRAME_LENGTH_MAX = 65_536;

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
  let gatheredLength = 0;
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
    const { length } = JSON.stringify(event);
    if (epoch !== sessionEpoch || gatheredLength + length > FRAME_LENGTH_MAX) flush();
    sessionEpoch = epoch;
    gatheredLength += length;
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
    gatheredLength = 0;
    frames += 1;
  }

  return { send, forget };
}

function isAwaited({ kind }: AgentEvent): boolean {
  return kind === 'targetSettled';
}
