/**
 * Reading logs over the fleet ⇄ `log-messages.ts`, on the agent's stream and in the `Control`
 * service. A log can be as large as a disk, so whatever could make one of the programs keep or send
 * more than it was meant to is bounded here.
 */

import { FleetError, refusal } from '../errors.ts';
import type { AgentFrame, AgentFrame__Output } from '../gen/fleet/v1/AgentFrame.ts';
import type { ControllerFrame, ControllerFrame__Output } from '../gen/fleet/v1/ControllerFrame.ts';
import type { LogNews__Output, LogNews as WireLogNews } from '../gen/fleet/v1/LogNews.ts';
import type {
  LogSelection__Output,
  LogSelection as WireLogSelection,
} from '../gen/fleet/v1/LogSelection.ts';
import type { OutputChannel__Output } from '../gen/fleet/v1/OutputChannel.ts';
import type { ReadLogs__Output } from '../gen/fleet/v1/ReadLogs.ts';
import type { ReadLogsRequest, ReadLogsRequest__Output } from '../gen/fleet/v1/ReadLogsRequest.ts';
import { LOG_CHANNELS, type LogChannel } from '../local-orders.ts';
import {
  type AgentLogMessage,
  type ControllerLogMessage,
  LOG_BLOCK_MAX_BYTES,
  LOG_CREDIT_MAX_BYTES,
  LOG_GREP_LENGTH_MAX,
  type LogBlock,
  type LogNews,
  type LogSelection,
  type LogStart,
  type LogsEnd,
  type LogsNote,
  type LogsRequest,
} from '../log-messages.ts';
import { PROCESSES_MAX } from '../text-limits.ts';
import { type HostId, hostId } from '../vocabulary.ts';
import { enumCodec, exact, malformed, present, short } from './fields.ts';
import { decodeProcessName, decodeRemark } from './process.ts';

const channelCodec = enumCodec('channel', {
  stdout: 'OUTPUT_CHANNEL_STDOUT',
  stderr: 'OUTPUT_CHANNEL_STDERR',
} as const satisfies Record<LogChannel, string>);

export function encodeControllerLogMessage(message: ControllerLogMessage): ControllerFrame {
  switch (message.kind) {
    case 'readLogs':
      return {
        readLogs: {
          ...readerOf(message),
          processes: [...message.processes],
          channels: message.channels.map(channelCodec.toWire),
          selection: encodeSelection(message.selection),
          creditBytes: message.creditBytes,
        },
      };
    case 'logCredit':
      return { logCredit: { ...readerOf(message), bytes: message.bytes } };
    case 'stopLogs':
      return { stopLogs: readerOf(message) };
  }
}

/** @returns null where the frame is about something else */
export function decodeControllerLogFrame(
  frame: ControllerFrame__Output,
): ControllerLogMessage | null {
  if (frame.readLogs) return decodeReadLogs(frame.readLogs);
  if (frame.logCredit) {
    const bytes = credit(frame.logCredit.bytes);
    return { kind: 'logCredit', ...decodeReader(frame.logCredit), bytes };
  }
  if (frame.stopLogs) return { kind: 'stopLogs', ...decodeReader(frame.stopLogs) };
  return null;
}

export function encodeAgentLogMessage(message: AgentLogMessage): AgentFrame {
  switch (message.kind) {
    case 'logBlock':
      return { logBlock: { ...readerOf(message), ...encodeBlock(message) } };
    case 'logsNote':
      return { logsNote: { ...readerOf(message), note: message.note } };
    case 'logsEnd':
      return { logsEnd: { ...readerOf(message), ...present('error', message.error) } };
  }
}

/** @returns null where the frame is about something else */
export function decodeAgentLogFrame(frame: AgentFrame__Output): AgentLogMessage | null {
  if (frame.logBlock) {
    return { kind: 'logBlock', ...decodeReader(frame.logBlock), ...decodeBlock(frame.logBlock) };
  }
  if (frame.logsNote) {
    return { kind: 'logsNote', ...decodeReader(frame.logsNote), ...decodeNote(frame.logsNote) };
  }
  if (frame.logsEnd) {
    return { kind: 'logsEnd', ...decodeReader(frame.logsEnd), ...decodeEnd(frame.logsEnd) };
  }
  return null;
}

export function encodeLogsRequest(request: LogsRequest): ReadLogsRequest {
  return {
    hosts: request.hosts,
    processes: [...request.processes],
    channels: request.channels.map(channelCodec.toWire),
    selection: encodeSelection(request.selection),
    allowedOnly: request.allowedOnly,
  };
}

/** Selector and patterns are whole, as typed: whoever reads them says what is wrong with them. */
export function decodeLogsRequest(wire: ReadLogsRequest__Output): LogsRequest {
  return {
    hosts: wire.hosts,
    processes: wire.processes,
    channels: decodeChannels(wire.channels),
    selection: decodeSelection(wire.selection),
    allowedOnly: wire.allowedOnly,
  };
}

export function encodeLogNews(news: LogNews): WireLogNews {
  switch (news.kind) {
    case 'sources':
      return {
        sources: {
          sources: news.sources.map(({ host, processes }) => ({ host, processes: [...processes] })),
          unreachable: [...news.unreachable],
        },
      };
    case 'block':
      return { block: { host: news.host, ...encodeBlock(news) } };
    case 'note':
      return { note: { host: news.host, note: news.note } };
    case 'ended':
      return { ended: { host: news.host, ...present('error', news.error) } };
    case 'lost':
      return { lost: { host: news.host, error: news.error } };
    case 'resumed':
      return { resumed: { host: news.host } };
  }
}

export function decodeLogNews(wire: LogNews__Output): LogNews {
  if (wire.sources) {
    return {
      kind: 'sources',
      sources: wire.sources.sources.map(({ host, processes }) => {
        return { host: decodeHostId(host), processes: processes.map(decodeProcessName) };
      }),
      unreachable: wire.sources.unreachable.map(decodeHostId),
    };
  }
  if (wire.block) {
    return { kind: 'block', host: decodeHostId(wire.block.host), ...decodeBlock(wire.block) };
  }
  if (wire.ended) {
    return { kind: 'ended', host: decodeHostId(wire.ended.host), ...decodeEnd(wire.ended) };
  }
  if (wire.note) {
    return { kind: 'note', host: decodeHostId(wire.note.host), ...decodeNote(wire.note) };
  }
  if (wire.lost) {
    const error = decodeRemark(wire.lost.error) ?? '';
    return { kind: 'lost', host: decodeHostId(wire.lost.host), error };
  }
  if (wire.resumed) return { kind: 'resumed', host: decodeHostId(wire.resumed.host) };
  throw malformed('news of logs without a body');
}

function decodeReadLogs(wire: ReadLogs__Output): ControllerLogMessage {
  const { length } = wire.processes;
  if (length === 0) throw malformed('logs of no process');
  if (length > PROCESSES_MAX) {
    throw malformed(`logs of ${length} processes; at most ${PROCESSES_MAX} are taken`);
  }
  return {
    kind: 'readLogs',
    ...decodeReader(wire),
    processes: wire.processes.map(decodeProcessName),
    channels: decodeChannels(wire.channels),
    selection: decodeSelection(wire.selection),
    creditBytes: credit(wire.creditBytes),
  };
}

function encodeSelection({ from, sinceMs, grep, follow }: LogSelection): WireLogSelection {
  return {
    ...(from.kind === 'bytes' ? { bytes: from.bytes } : { lines: from.lines }),
    ...present('sinceMs', sinceMs),
    ...present('grep', grep),
    follow,
  };
}

function decodeSelection(wire: LogSelection__Output | null): LogSelection {
  if (!wire) throw malformed('logs without which part of them');
  return {
    from: decodeStart(wire),
    sinceMs: wire.sinceMs === undefined ? null : exact('time', wire.sinceMs),
    grep: wire.grep === undefined ? null : shortGrep(wire.grep),
    follow: wire.follow,
  };
}

function decodeStart({ from, bytes, lines }: LogSelection__Output): LogStart {
  if (from === 'bytes') return { kind: 'bytes', bytes: count('bytes', bytes ?? 0) };
  if (from === 'lines') return { kind: 'lines', lines: count('lines', lines ?? 0) };
  throw malformed('logs without how much of them');
}

function decodeChannels(wire: readonly OutputChannel__Output[]): readonly LogChannel[] {
  const { length } = wire;
  if (length === 0) throw malformed('logs of no channel');
  const channels = LOG_CHANNELS.length;
  if (length > channels) throw malformed(`${length} channels; there are ${channels}`);
  const named = wire.map(channelCodec.fromWire);
  if (new Set(named).size < named.length) throw malformed(`${named[0]} twice`);
  return named;
}

function encodeBlock({ process, channel, data, skippedBytes, skippedMore }: LogBlock) {
  return { process, channel: channelCodec.toWire(channel), data, skippedBytes, skippedMore };
}

interface WireBlock {
  readonly process: string;
  readonly channel: OutputChannel__Output;
  readonly data: Buffer;
  readonly skippedBytes: number;
  readonly skippedMore: boolean;
}

function decodeBlock(wire: WireBlock): LogBlock {
  const { process, channel, data, skippedBytes, skippedMore } = wire;
  if (data.length > LOG_BLOCK_MAX_BYTES) {
    throw malformed(`a block of ${data.length} bytes; at most ${LOG_BLOCK_MAX_BYTES} are taken`);
  }
  return {
    process: decodeProcessName(process),
    channel: channelCodec.fromWire(channel),
    data,
    skippedBytes: count('skipped bytes', skippedBytes),
    skippedMore,
  };
}

function decodeEnd(wire: { readonly error?: string }): LogsEnd {
  return { error: decodeRemark(wire.error) };
}

function decodeNote(wire: { readonly note: string }): LogsNote {
  return { note: decodeRemark(wire.note) ?? '' };
}

interface Reader {
  readonly sessionEpoch: number;
  readonly readerId: number;
}

const readerOf = ({ sessionEpoch, readerId }: Reader): Reader => ({ sessionEpoch, readerId });

function decodeReader({ sessionEpoch, readerId }: Reader): Reader {
  return {
    sessionEpoch: exact('session epoch', sessionEpoch),
    readerId: exact('reader id', readerId),
  };
}

function count(what: string, value: number): number {
  if (exact(`number of ${what}`, value) >= 0) return value;
  throw malformed(`${value} ${what}`);
}

function credit(bytes: number): number {
  if (count('bytes of credit', bytes) <= LOG_CREDIT_MAX_BYTES) return bytes;
  throw malformed(`${bytes} bytes of credit; at most ${LOG_CREDIT_MAX_BYTES} are taken at once`);
}

/** People type these, so they are told as people are. */
function shortGrep(expression: string): string {
  if (expression.length <= LOG_GREP_LENGTH_MAX) return expression;
  throw new FleetError(
    refusal('usage', `an expression of ${expression.length} characters is too long`, {
      cause: `each line is held against it, so at most ${LOG_GREP_LENGTH_MAX} are taken`,
      fix: 'search for a shorter part of the lines that are meant',
    }),
  );
}

const decodeHostId = (text: string): HostId => hostId(short('a host', text));
