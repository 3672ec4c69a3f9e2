/** The stream of `ReadLogs`: chooses what is read, sees that there is room, and relays until either end has enough. */

import type { ServerWritableStream } from '@grpc/grpc-js';
import type { Actor } from '../../proto/audit.ts';
import { refuseStream } from '../../proto/codec/error.ts';
import { decodeLogsRequest, encodeLogNews } from '../../proto/codec/logs.ts';
import { FleetError, isRefusal, type Refusal, refusal } from '../../proto/errors.ts';
import type { LogsRequest } from '../../proto/log-messages.ts';
import { namesOfPatterns } from '../../proto/process-pattern.ts';
import { onStreamEnd } from '../../proto/stream-end.ts';
import { clippedTo } from '../../proto/text-limits.ts';
import { targetLines } from '../core/denied.ts';
import { chooseLogs, readingDenied } from '../core/log-sources.ts';
import { entryOf, refusedEntry } from '../core/record.ts';
import { actionOf } from '../core/recorded-action.ts';
import { discreet, sightOf } from '../core/visible.ts';
import { createLiveCalls } from '../door/live-calls.ts';
import type { FleetDriver } from '../driver.ts';
import type { Clock, Log } from '../ports.ts';
import { createCallBudget, planCredit } from './credit.ts';
import type { LogReaders } from './readers.ts';
import { createLogRelay, type NewsWriter, type RelayRequest } from './relay.ts';

export type LogsCall = ServerWritableStream<
  Parameters<typeof decodeLogsRequest>[0],
  ReturnType<typeof encodeLogNews>
>;

/** Disposing of it tells all callers that the controller is stopping, which would wait for them. */
export interface LogDesk extends Disposable {
  /** @param by whose rights count; who reads what is on record */
  readonly read: (call: LogsCall, by: Actor) => void;
}

export interface LogDeskOptions {
  readonly driver: Pick<FleetDriver, 'state' | 'deliver'>;
  readonly readers: LogReaders;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

export function createLogDesk({ driver, readers, clock, log }: LogDeskOptions): LogDesk {
  const budget = createCallBudget();
  const calls = new Set<LogsCall>();
  // The door judges whether somebody may read any log at all; here it is which.
  const liveCalls = createLiveCalls();
  const whose = ({ name: operator }: Actor) => ({ operator, wallMs: clock.now().wallMs });

  function plan(asked: LogsRequest, operator: string): RelayPlan | Refusal {
    const { hosts, processes, channels, selection, allowedOnly } = asked;
    const { wallMs } = clock.now();
    const query = { hosts, processes, grep: selection.grep, allowedOnly, operator, wallMs };
    const chosen = chooseLogs(driver.state(), query);
    if (isRefusal(chosen)) return discreet(chosen, sightOf(driver.state(), operator, wallMs));
    const { sources, unreachable } = chosen;
    // Who follows is told of these, too, when they are back.
    const later = selection.follow ? unreachable.length : 0;
    const credit = planCredit(sources.length + later, selection.follow);
    if (isRefusal(credit)) return credit;
    const reserved = budget.reserve(credit.reservedBytes);
    if (isRefusal(reserved)) return reserved;
    return { reserved, request: { ...chosen, channels, selection, credit } };
  }

  return {
    read(call, by) {
      const planned = orRefusal(() => {
        const asked = decodeLogsRequest(call.request);
        const result = plan(asked, by.name);
        const details = { operator: by.name, ...detailsOf(asked) };
        driver.deliver({ kind: 'onRecord', entry: entryOfReading(by, asked, result) });
        if (isRefusal(result)) log.info({ ...details, code: result.code }, 'refused to read logs');
        else log.info({ ...details, sources: result.request.sources.length }, 'reading logs');
        return result;
      });
      if (isRefusal(planned)) return refuseStream(call, planned);
      const { request, reserved } = planned;
      const relay = createLogRelay(request, readers, writerTo(call));
      calls.add(call);
      const live = liveCalls.join({
        judge: () => readingDenied(driver.state(), request, whose(by)),
        end: (because) => {
          const asked = decodeLogsRequest(call.request);
          driver.deliver({ kind: 'onRecord', entry: entryOfReading(by, asked, because) });
          refuseStream(call, because);
        },
      });
      onStreamEnd(call, () => {
        calls.delete(call);
        live[Symbol.dispose]();
        relay[Symbol.dispose]();
        reserved[Symbol.dispose]();
      });
    },
    [Symbol.dispose]: () => {
      for (const call of calls) refuseStream(call, STOPPING);
    },
  };
}

const STOPPING = refusal('unavailable', 'the controller is stopping');

interface RelayPlan {
  readonly request: RelayRequest;
  readonly reserved: Disposable;
}

function orRefusal<Value>(make: () => Value): Value | Refusal {
  try {
    return make();
  } catch (error) {
    return FleetError.refusalFrom(error);
  }
}

function writerTo(call: LogsCall): NewsWriter {
  return {
    // The callback, not `drain`: it comes when HTTP/2's flow control has let the message go.
    write: (news, onWritten) => void call.write(encodeLogNews(news), onWritten),
    end: () => void call.end(),
  };
}

function entryOfReading(actor: Actor, asked: LogsRequest, result: RelayPlan | Refusal) {
  const { hosts, processes, selection } = asked;
  const said = { actor, action: actionOf('Control.ReadLogs'), hosts, processes };
  if (isRefusal(result)) return refusedEntry(said, result);
  const targets = result.request.sources.flatMap(({ host, processes: names }) =>
    names.map((process) => ({ host, process })),
  );
  const resolved = { targets: targetLines(targets).join('; '), targetCount: targets.length };
  const detail = selection.follow ? 'followed' : '';
  return entryOf({ ...said, ...resolved, outcome: 'done', detail });
}

/** Of up to a megabyte. */
const SELECTOR_LOGGED_MAX = 500;

function detailsOf({ hosts, processes, channels, selection }: LogsRequest): object {
  const { grep, follow } = selection;
  return {
    hosts: clippedTo(SELECTOR_LOGGED_MAX, hosts),
    processes: namesOfPatterns(processes.map((name) => clippedTo(60, name))),
    channels,
    grep,
    follow,
  };
}
