/**
 * An agent all of whose words are payloads: for terminals, for SQL, for HTML, for spreadsheets, for
 * shells. It is otherwise well-behaved, so that they get everywhere.
 */
import type { AgentLogMessage } from '../../../proto/log-messages.ts';
import type { AgentMessage } from '../../../proto/messages.ts';
import { knownProcessName, type ProcessStatus } from '../../../proto/vocabulary.ts';
import { type AgentStream, type Heard, helloOf } from './agent-stream.ts';

const ESC = '\u001b';

/** What would be seen of the payload if it did what it is for. */
export const FORGED = 'web-2 db | forged';

/**
 * Erases the screen, sets a title, writes the clipboard, asks the terminal for an answer, overwrites its
 * line, turns text around, begins a line of its own; and what databases, browsers and spreadsheets obey.
 */
export const PAYLOAD = [
  `${ESC}[2J${ESC}[H${ESC}]0;owned\u0007${ESC}]52;c;b3duZWQ=\u0007${ESC}[6n`,
  `\u009b31m\r\n${FORGED}\n\u202e\u2028\u200b\u0000\u0008`,
  `'; DROP TABLE hosts; --"<script>alert(1)</script>=cmd|'/C calc'!A0$(reboot)\`reboot\``,
].join('');

/** Less of it, for names, which are shown whole. */
export const HOSTILE_NAME = `${ESC}[2Jx\r\n${FORGED}'; DROP TABLE hosts; --`;

const OF_A_NAME = {
  ...{ process: knownProcessName(HOSTILE_NAME), group: HOSTILE_NAME, name: HOSTILE_NAME },
  ...{ program: HOSTILE_NAME, groupPriority: 999, priority: 999, generation: 0 },
} as const;

function hostileStatus(process: string): ProcessStatus {
  const never = { exitCode: null, exitSignal: '\u001b[31m', nextTryAtMs: null } as const;
  const waits = { startMs: 0, stopWaitMs: 0, tierWaitMs: 0, waitsFor: PAYLOAD } as const;
  const health = { health: 'unhealthy', healthError: PAYLOAD } as const;
  const counts = { restarts: 0, lostOutputBytes: 0, leftBehind: 0 } as const;
  const held = { by: PAYLOAD, reason: PAYLOAD, untilMs: Date.now() + 3_600_000 };
  // What is held is left alone.
  const hold = process === HOSTILE_NAME ? held : null;
  return {
    ...{ ...OF_A_NAME, ...never, ...waits, ...health, ...counts, hold },
    ...{ process: knownProcessName(process), state: 'FATAL', changedAtMs: Date.now() },
    ...{ pid: null, startedAtMs: null, lastError: PAYLOAD },
    ...{ residentBytes: null, memoryMaxBytes: null },
  };
}

const hostileHello = {
  ...helloOf('evil'),
  agentVersion: PAYLOAD.slice(0, 90),
  labels: { [HOSTILE_NAME]: HOSTILE_NAME, env: PAYLOAD.slice(0, 200) },
  stateProblem: PAYLOAD,
};

/** Says everything that an agent says of itself, and answers everything that it is asked. */
export async function playHostile(agent: AgentStream): Promise<void> {
  agent.say(hostileHello);
  const { sessionEpoch } = await agent.welcomed;
  let seq = 0;
  const tell = (event: Extract<AgentMessage, { readonly kind: 'event' }>['event']): void => {
    seq += 1;
    agent.say({ kind: 'event', sessionEpoch, seq, atMs: Date.now(), event });
  };
  agent.onHeard((message) => {
    for (const answer of answersTo(message)) agent.say(answer);
    if (message.kind !== 'command') return;
    const { operationId, verb, processes } = message;
    const nothing = { oldPid: null, newPid: null, durationMs: 1, fault: null } as const;
    const texts = { error: PAYLOAD, note: PAYLOAD, logTail: [PAYLOAD, FORGED] };
    const outcome = { state: 'failed', ...nothing, ...texts } as const;
    for (const process of processes) {
      tell({ kind: 'targetSettled', operationId, process, verb, outcome });
    }
  });
  const processes = [hostileStatus('web'), hostileStatus(HOSTILE_NAME)];
  const snapshot = { kind: 'snapshot', sessionEpoch, seq: 0, last: true } as const;
  agent.say({ ...snapshot, processes, configProblem: PAYLOAD });
  tell({ kind: 'localOrder', requestedBy: PAYLOAD, command: PAYLOAD, operationId: null });
  tell({ kind: 'configJudged', problem: PAYLOAD });
}

function answersTo(message: Heard): readonly (AgentMessage | AgentLogMessage)[] {
  if (message.kind === 'heartbeat') return [{ kind: 'heartbeat', probe: message.probe }];
  if (message.kind === 'question') {
    const { sessionEpoch, questionId } = message;
    const answer = { kind: 'failed', error: PAYLOAD } as const;
    return [{ kind: 'answer', sessionEpoch, questionId, answer }];
  }
  if (message.kind !== 'readLogs') return [];
  const { sessionEpoch, readerId } = message;
  const block = { process: knownProcessName('web'), channel: 'stdout' } as const;
  const skipped = { skippedBytes: 0, skippedMore: false } as const;
  const data = Buffer.from(`${PAYLOAD}\nlast\n`);
  return [
    { kind: 'logBlock', sessionEpoch, readerId, ...block, ...skipped, data },
    { kind: 'logsNote', sessionEpoch, readerId, note: PAYLOAD },
    { kind: 'logsEnd', sessionEpoch, readerId, error: PAYLOAD },
  ];
}
