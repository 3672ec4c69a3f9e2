/**
 * Questions to agents on somebody's behalf: every selected host that is connected is asked, and when
 * each has answered, is lost, or has had its time, the whole reply goes back at once. Nothing of it
 * is durable: who asked is gone with this controller, and asks again.
 */
import { isRefusal, type Refusal, refusal } from '../../proto/errors.ts';
import type { HostAnswer, HostQuestion, HostReport } from '../../proto/host-questions.ts';
import type { AgentMessage } from '../../proto/messages.ts';
import { sortNaturally } from '../../proto/natural-order.ts';
import { PersistentMap } from '../../proto/persistent-map.ts';
import type { HostId } from '../../proto/vocabulary.ts';
import { accessOf } from './access.ts';
import { allowedHosts } from './allowed.ts';
import { type Host, isConnected } from './host.ts';
import { recordAnswer } from './record.ts';
import { noHostsNamed, selectHosts } from './select.ts';
import type { FleetInput, ReplyId, Turn } from './state.ts';

type Asked = Extract<FleetInput, { readonly kind: 'ask' }>;
type Answer = Extract<AgentMessage, { readonly kind: 'answer' }>;

/** Unique while the controller runs; a session is never given one twice. */
export type QuestionId = number;

/** One question to many hosts. */
interface OpenQuestion {
  readonly id: QuestionId;
  readonly reply: ReplyId;
  readonly question: HostQuestion;
  readonly hosts: readonly HostId[];
  /** Those that have not answered. */
  readonly awaited: PersistentMap<HostId, true>;
  readonly answers: PersistentMap<HostId, HostAnswer>;
  /** Of the answers so far, as `sizeOf` counts. */
  readonly size: number;
}

export interface Questions {
  /** The number given last. */
  readonly lastId: QuestionId;
  readonly open: ReadonlyMap<QuestionId, OpenQuestion>;
}

export const NO_QUESTIONS: Questions = { lastId: 0, open: new Map() };

/** An agent reads a few files and answers; one that takes longer has other troubles. */
export const ANSWER_WAIT_MS = 10_000;

/** At once. Each holds up to `SIZE_MAX` in memory. */
export const QUESTIONS_MAX = 8;

/** Characters of one reply. In UTF-8 they fit the 64 MiB that fleetctl takes. */
const SIZE_MAX = 16 * 1_048_576;
/** Over and above its names: the numbers of an item, and how it is framed. */
const ITEM_SIZE = 40;

export function ask(turn: Turn, given: Asked): void {
  const { reply, question, hosts: selector, by: actor } = given;
  const chosen = hostsToAsk(turn, given);
  // A new reading of the configuration changes what the next update does.
  const isForRecord = question === 'reread' || isRefusal(chosen);
  if (isForRecord) recordAnswer(turn, { actor, action: question, hosts: selector }, chosen);
  if (isRefusal(chosen)) {
    turn.effects.push({ kind: 'answerQuestion', reply, answer: chosen });
    return;
  }
  const id = turn.state.questions.lastId + 1;
  const inOrder = sortNaturally(chosen, ({ host }) => host);
  const connected = inOrder.filter(isConnected);
  const asked: OpenQuestion = {
    id,
    reply,
    question,
    hosts: inOrder.map(({ host }) => host),
    awaited: PersistentMap.of(connected.map(({ host }) => [host, true] as const)),
    answers: PersistentMap.of<HostId, HostAnswer>([]),
    size: 0,
  };
  turn.state = { ...turn.state, questions: { ...turn.state.questions, lastId: id } };
  for (const { session } of connected) {
    if (session === null) continue;
    const { connection, epoch: sessionEpoch } = session;
    const message = { kind: 'question', sessionEpoch, questionId: id, question } as const;
    turn.effects.push({ kind: 'send', connection, message });
  }
  if (connected.length > 0) {
    turn.effects.push({ kind: 'questionTimer', question: id, delayMs: ANSWER_WAIT_MS });
  }
  goOn(turn, asked);
}

/** One that nobody waits for any more changes nothing. */
export function hearAnswer(turn: Turn, host: HostId, { questionId, answer }: Answer): void {
  const asked = turn.state.questions.open.get(questionId);
  if (asked !== undefined) note(turn, asked, host, checked(asked, answer));
}

/** What was asked over a session that is gone will not be answered over the next. */
export function loseAnswersOf(turn: Turn, host: HostId): void {
  for (const asked of turn.state.questions.open.values()) {
    note(turn, asked, host, unreachable('the connection to its agent was lost'));
  }
}

export function endQuestion(turn: Turn, id: QuestionId): void {
  const asked = turn.state.questions.open.get(id);
  if (asked === undefined) return;
  const late = unreachable(`no answer within ${ANSWER_WAIT_MS / 1_000} s`);
  close(turn, asked, late);
}

const unreachable = (error: string): HostAnswer => ({ kind: 'unreachable', error });
const failed = (error: string): HostAnswer => ({ kind: 'failed', error });
const NOT_CONNECTED = unreachable('not connected');

function hostsToAsk(
  turn: Turn,
  { hosts: selector, question, by }: Asked,
): readonly Host[] | Refusal {
  if (selector.trim() === '') return noHostsNamed('a question says to which hosts');
  if (turn.state.questions.open.size >= QUESTIONS_MAX) {
    return refusal('exhausted', `${QUESTIONS_MAX} questions to hosts are under way`, {
      fix: `try again in ${ANSWER_WAIT_MS / 1_000} s`,
    });
  }
  const chosen = selectHosts(turn.state, selector, turn.at.wallMs);
  if (isRefusal(chosen)) return chosen;
  const access = accessOf(turn.state, by.name, turn.at.wallMs);
  // Both are about whatever the configuration of the host says, not about single processes.
  const action = question === 'avail' ? 'status' : 'update';
  const judged = { act: { action, signal: null, hasReason: true }, allowedOnly: false } as const;
  const allowed = allowedHosts(access, judged, chosen, []);
  return isRefusal(allowed) ? allowed : chosen;
}

function checked({ question, size }: OpenQuestion, answer: HostAnswer): HostAnswer {
  if (answer.kind !== 'failed' && answer.kind !== question) {
    return failed(`its agent was asked ${question}, and answered ${answer.kind}`);
  }
  return size + sizeOf(answer) <= SIZE_MAX
    ? answer
    : failed('all answers together are too large: ask fewer hosts at once');
}

function sizeOf(answer: HostAnswer): number {
  switch (answer.kind) {
    case 'reread':
      return answer.changes.reduce((sum, { group }) => sum + group.length + ITEM_SIZE, 0);
    case 'avail':
      return answer.processes.reduce(
        (sum, { process, group, name }) =>
          sum + process.length + group.length + name.length + ITEM_SIZE,
        0,
      );
    case 'failed':
    case 'unreachable':
      return answer.error.length;
  }
}

function note(turn: Turn, asked: OpenQuestion, host: HostId, answer: HostAnswer): void {
  if (asked.awaited.get(host) === undefined) return;
  const awaited = asked.awaited.without(host);
  const answers = asked.answers.with(host, answer);
  goOn(turn, { ...asked, awaited, answers, size: asked.size + sizeOf(answer) });
}

function goOn(turn: Turn, asked: OpenQuestion): void {
  if (asked.awaited.size === 0) return close(turn, asked, NOT_CONNECTED);
  put(turn, new Map(turn.state.questions.open).set(asked.id, asked));
}

/** @param silent what is said of a host that has not answered */
function close(turn: Turn, asked: OpenQuestion, silent: HostAnswer): void {
  const open = new Map(turn.state.questions.open);
  open.delete(asked.id);
  put(turn, open);
  const answer: readonly HostReport[] = asked.hosts.map((host) => ({
    host,
    answer: asked.answers.get(host) ?? silent,
  }));
  turn.effects.push({ kind: 'answerQuestion', reply: asked.reply, answer });
}

function put(turn: Turn, open: ReadonlyMap<QuestionId, OpenQuestion>): void {
  turn.state = { ...turn.state, questions: { ...turn.state.questions, open } };
}
