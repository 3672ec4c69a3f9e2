/** The stream of `ReadLogs`: chooses what is read, sees that there is room, and relays until either end has enough. */

import type { ServerWritableStream } from '@grpc/grpc-js';
import { refuseStream } from '../../proto/codec/error.ts';
import { decodeLogsRequest, encodeLogNews } from '../../proto/codec/logs.ts';
import { FleetError, isRefusal, type Refusal, refusal } from '../../proto/errors.ts';
import type { LogsRequest } from '../../proto/log-messages.ts';
import { namesOfPatterns } from '../../proto/process-pattern.ts';
import { onStreamEnd } from '../../proto/stream-end.ts';
import { clippedTo } from '../../proto/text-limits.ts';
import { chooseLogs } from '../core/log-sources.ts';
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
  /** @param operator for the log: who reads what is nobody's secret */
  readonly read: (call: LogsCall, operator: string) => void;
}

export interface LogDeskOptions {
  readonly driver: Pick<FleetDriver, 'state'>;
  readonly readers: LogReaders;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

export function createLogDesk({ driver, readers, clock, log }: LogDeskOptions): LogDesk {
  const budget = createCallBudget();
  const calls = new Set<LogsCall>();

  function plan({ hosts, processes, channels, selection }: LogsRequest): RelayPlan | Refusal {
    const query = { hosts, processes, grep: selection.grep, wallMs: clock.now().wallMs };
    const chosen = chooseLogs(driver.state(), query);
    if (isRefusal(chosen)) return chosen;
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
    read(call, operator) {
      const planned = orRefusal(() => {
        const asked = decodeLogsRequest(call.request);
        const result = plan(asked);
        const details = { operator, ...detailsOf(asked) };
        if (isRefusal(result)) log.info({ ...details, code: result.code }, 'refused to read logs');
        else log.info({ ...details, sources: result.request.sources.length }, 'reading logs');
        return result;
      });
      if (isRefusal(planned)) return refuseStream(call, planned);
      const { request, reserved } = planned;
      const relay = createLogRelay(request, readers, writerTo(call));
      calls.add(call);
      onStreamEnd(call, () => {
        calls.delete(call);
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
