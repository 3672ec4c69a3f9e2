/**
 * How an operation goes about its targets ⇄ the vocabulary. All that a strategy has is checked here,
 * because a figure that makes no sense could only be misunderstood later: nothing is filled in.
 */

import type {
  Amount as WireAmount,
  Amount__Output as WireAmountOutput,
} from '../gen/fleet/v1/Amount.ts';
import type {
  Offline as WireOffline,
  Offline__Output as WireOfflineOutput,
} from '../gen/fleet/v1/Offline.ts';
import type {
  Strategy as WireStrategy,
  Strategy__Output as WireStrategyOutput,
} from '../gen/fleet/v1/Strategy.ts';
import {
  type Amount,
  BATCH_SIZES_MAX,
  DURATION_MAX_MS,
  type Offline,
  type OnError,
  type Strategy,
} from '../strategy.ts';
import { enumCodec, malformed, present } from './fields.ts';

const onErrorCodec = enumCodec('on error', {
  pause: 'ON_ERROR_PAUSE',
  fail: 'ON_ERROR_FAIL',
  continue: 'ON_ERROR_CONTINUE',
} as const satisfies Record<OnError, string>);

export function encodeStrategy(strategy: Strategy): WireStrategy {
  return {
    batch: strategy.batch.map(encodeAmount),
    canary: strategy.canary,
    batchWaitMs: strategy.batchWaitMs,
    maxErrors: encodeAmount(strategy.maxErrors),
    maxUnreachable: encodeAmount(strategy.maxUnreachable),
    minHealthyMs: strategy.minHealthyMs,
    onError: onErrorCodec.toWire(strategy.onError),
    offline: encodeOffline(strategy.offline),
    lockWaitMs: strategy.lockWaitMs,
    ...present('deadlineMs', strategy.deadlineMs),
  };
}

export function decodeStrategy(wire: WireStrategyOutput | null): Strategy {
  if (!wire) throw malformed('an operation without its strategy');
  const sizes = wire.batch.length;
  if (sizes === 0) throw malformed('a strategy without the sizes of its batches');
  if (sizes > BATCH_SIZES_MAX) {
    throw malformed(`${sizes} sizes of batches; at most ${BATCH_SIZES_MAX} are taken`);
  }
  return {
    batch: wire.batch.map((amount) => decodeAmount('a size of batches', amount)),
    canary: count('canary', wire.canary),
    batchWaitMs: duration('batch wait', wire.batchWaitMs),
    maxErrors: decodeAmount('max errors', wire.maxErrors),
    maxUnreachable: decodeAmount('max unreachable', wire.maxUnreachable),
    minHealthyMs: duration('min healthy time', wire.minHealthyMs),
    onError: onErrorCodec.fromWire(wire.onError),
    offline: decodeOffline(wire.offline),
    deadlineMs: wire.deadlineMs === undefined ? null : duration('deadline', wire.deadlineMs),
    lockWaitMs: duration('lock wait', wire.lockWaitMs),
  };
}

function encodeAmount(amount: Amount): WireAmount {
  switch (amount.kind) {
    case 'count':
      return { count: amount.count };
    case 'percent':
      return { percent: amount.percent };
  }
}

function decodeAmount(what: string, wire: WireAmountOutput | null): Amount {
  if (wire?.count !== undefined) return { kind: 'count', count: count(what, wire.count) };
  if (wire?.percent === undefined) throw malformed(`${what} without an amount`);
  const percent = count(what, wire.percent);
  if (percent > 100) throw malformed(`${what} of ${percent} %`);
  return { kind: 'percent', percent };
}

function encodeOffline(offline: Offline): WireOffline {
  switch (offline.kind) {
    case 'fail':
      return { fail: {} };
    case 'skip':
      return { skip: {} };
    case 'queue':
      return { queueTtlMs: offline.ttlMs };
  }
}

function decodeOffline(wire: WireOfflineOutput | null): Offline {
  if (wire?.fail) return { kind: 'fail' };
  if (wire?.skip) return { kind: 'skip' };
  if (wire?.queueTtlMs === undefined) throw malformed('nothing said of hosts that are offline');
  return { kind: 'queue', ttlMs: duration('offline queue', wire.queueTtlMs) };
}

function count(what: string, value: number): number {
  if (value >= 0) return value;
  throw malformed(`${what} ${value} is negative`);
}

function duration(what: string, valueMs: number): number {
  if (count(what, valueMs) <= DURATION_MAX_MS) return valueMs;
  throw malformed(`${what} of ${valueMs} ms; at most ${DURATION_MAX_MS} are taken`);
}
