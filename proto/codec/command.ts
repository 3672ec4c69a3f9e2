/** What a controller orders of an agent, and takes back ⇄ the messages of its stream. */
import type { Command__Output, Command as WireCommand } from '../gen/fleet/v1/Command.ts';
import type { Withdraw as WireWithdraw, Withdraw__Output } from '../gen/fleet/v1/Withdraw.ts';
import type { ControllerMessage } from '../messages.ts';
import { knownProcessName, operationId } from '../vocabulary.ts';
import { exact, malformed, orNull, present } from './fields.ts';
import { targetStateCodec, verbCodec } from './process.ts';

type Command = Extract<ControllerMessage, { readonly kind: 'command' }>;
type Withdrawal = Extract<ControllerMessage, { readonly kind: 'withdraw' }>;

export function encodeCommand(command: Command): WireCommand {
  return {
    sessionEpoch: command.sessionEpoch,
    operationId: command.operationId,
    verb: verbCodec.toWire(command.verb),
    ...present('signal', command.signal),
    processes: [...command.processes],
    startFollows: command.startFollows,
    groups: [...command.groups],
    minHealthyMs: command.minHealthyMs,
    ...present('expiresInMs', command.expiresInMs),
    sentAtMs: command.sentAtMs,
  };
}

export function decodeCommand(wire: Command__Output): Command {
  return {
    kind: 'command',
    sessionEpoch: exact('session epoch', wire.sessionEpoch),
    operationId: operationId(wire.operationId),
    verb: verbCodec.fromWire(wire.verb),
    signal: orNull(wire.signal),
    processes: wire.processes.map(knownProcessName),
    startFollows: wire.startFollows,
    groups: wire.groups,
    minHealthyMs: exact('time', wire.minHealthyMs),
    expiresInMs: orNull(wire.expiresInMs && exact('time', wire.expiresInMs)),
    sentAtMs: exact('time', wire.sentAtMs),
  };
}

export function encodeWithdrawal(withdrawal: Withdrawal): WireWithdraw {
  return {
    sessionEpoch: withdrawal.sessionEpoch,
    operationId: withdrawal.operationId,
    verb: verbCodec.toWire(withdrawal.verb),
    processes: [...withdrawal.processes],
    because: targetStateCodec.toWire(withdrawal.because),
    giveUp: withdrawal.giveUp,
  };
}

export function decodeWithdrawal(wire: Withdraw__Output): Withdrawal {
  return {
    kind: 'withdraw',
    sessionEpoch: exact('session epoch', wire.sessionEpoch),
    operationId: operationId(wire.operationId),
    verb: verbCodec.fromWire(wire.verb),
    processes: wire.processes.map(knownProcessName),
    because: reasonOf(wire.because),
    giveUp: wire.giveUp,
  };
}

function reasonOf(name: string): Withdrawal['because'] {
  const state = targetStateCodec.fromWire(name);
  if (state === 'cancelled' || state === 'timed-out') return state;
  throw malformed(`what is withdrawn does not become ${state}`);
}
