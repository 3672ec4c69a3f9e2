/** A session that always takes what it is given, and remembers it. */
import type { Link } from '../../agent/ports.ts';
import type { AgentMessage } from '../../proto/messages.ts';

export interface FakeLink extends Link {
  readonly sent: readonly AgentMessage[];
}

export function fakeLink(onSend: (message: AgentMessage) => void = () => undefined): FakeLink {
  const sent: AgentMessage[] = [];
  return {
    sent,
    send: (message) => {
      sent.push(message);
      onSend(message);
    },
    endSession: () => undefined,
  };
}
