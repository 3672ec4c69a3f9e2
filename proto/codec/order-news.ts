/**
 * What is told of an order on the host while it is carried out ⇄ the vocabulary. Read as strictly as
 * requests are, because the agent that tells may be of another version.
 */

import { isErrorCode, type Refusal } from '../errors.ts';
import type {
  OrderNews as WireOrderNews,
  OrderNews__Output as WireOrderNewsOutput,
} from '../gen/fleet/v1/OrderNews.ts';
import type { OrderRefused, OrderRefused__Output } from '../gen/fleet/v1/OrderRefused.ts';
import { GROUP_ACTIONS, GROUP_FAULTS, type OrderNews, PROCESS_STEPS } from '../local-orders.ts';
import { clippedTo, PROBLEMS_LENGTH_MAX, REMARK_LENGTH_MAX } from '../text-limits.ts';
import { TARGET_FAULTS } from '../vocabulary.ts';
import {
  decodeChangedGroup,
  decodeConfiguredProcess,
  encodeChangedGroup,
  encodeConfiguredProcess,
} from './configuration.ts';
import { malformed, oneOf, oneOfOrNone, present } from './fields.ts';
import { decodeHold, decodeProcessName, decodeRemark, encodeHold } from './process.ts';

export function encodeOrderNews(news: OrderNews): WireOrderNews {
  switch (news.kind) {
    case 'process': {
      const { process, step, fault, error } = news;
      return { process: { process, step, fault: fault ?? '', ...present('error', error) } };
    }
    case 'group': {
      const { group, action, fault, error } = news;
      return { group: { group, action, fault: fault ?? '', ...present('error', error) } };
    }
    case 'hold': {
      const { process, hold, before } = news;
      const held = hold === null ? null : encodeHold(hold);
      const replaced = before === null ? null : encodeHold(before);
      return { hold: { process, ...present('hold', held), ...present('before', replaced) } };
    }
    case 'reread':
      return { reread: { changes: news.changes.map(encodeChangedGroup) } };
    case 'avail':
      return { avail: { processes: news.processes.map(encodeConfiguredProcess) } };
    case 'done':
      return { done: {} };
    case 'refused':
      return { refused: encodeRefused(news.refusal) };
  }
}

export function decodeOrderNews(wire: WireOrderNewsOutput): OrderNews {
  if (wire.process) {
    return {
      kind: 'process',
      process: wire.process.process,
      step: oneOf('step', PROCESS_STEPS, wire.process.step),
      fault: oneOfOrNone('fault', TARGET_FAULTS, wire.process.fault),
      error: decodeRemark(wire.process.error),
    };
  }
  if (wire.group) {
    return {
      kind: 'group',
      group: wire.group.group,
      action: oneOf('action', GROUP_ACTIONS, wire.group.action),
      fault: oneOfOrNone('fault', GROUP_FAULTS, wire.group.fault),
      error: decodeRemark(wire.group.error),
    };
  }
  if (wire.hold) {
    return {
      kind: 'hold',
      process: decodeProcessName(wire.hold.process),
      hold: decodeHold(wire.hold.hold),
      before: decodeHold(wire.hold.before),
    };
  }
  if (wire.reread) return { kind: 'reread', changes: wire.reread.changes.map(decodeChangedGroup) };
  if (wire.avail) {
    return { kind: 'avail', processes: wire.avail.processes.map(decodeConfiguredProcess) };
  }
  if (wire.done) return { kind: 'done' };
  if (wire.refused) return { kind: 'refused', refusal: decodeRefused(wire.refused) };
  throw malformed('news of an order without a body');
}

function encodeRefused({ code, message, cause, fix }: Refusal): OrderRefused {
  return { code, message, ...present('cause', cause), ...present('fix', fix) };
}

function decodeRefused(wire: OrderRefused__Output): Refusal {
  return {
    code: isErrorCode(wire.code) ? wire.code : 'internal',
    message: clippedTo(REMARK_LENGTH_MAX, wire.message),
    // All that is wrong with a configuration, say.
    cause: wire.cause === undefined ? null : clippedTo(PROBLEMS_LENGTH_MAX, wire.cause),
    fix: decodeRemark(wire.fix),
  };
}
