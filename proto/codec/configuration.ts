/**
 * What is asked of a host about its configuration, and its answers ⇄ the vocabulary. The same
 * answers come through the controller and over the socket on the host.
 */
import type {
  ChangedGroup as WireChangedGroup,
  ChangedGroup__Output as WireChangedGroupOutput,
} from '../gen/fleet/v1/ChangedGroup.ts';
import type {
  ConfiguredProcess as WireConfiguredProcess,
  ConfiguredProcess__Output as WireConfiguredProcessOutput,
} from '../gen/fleet/v1/ConfiguredProcess.ts';
import type {
  HostAnswer as WireHostAnswer,
  HostAnswer__Output as WireHostAnswerOutput,
} from '../gen/fleet/v1/HostAnswer.ts';
import type {
  ChangedGroup,
  ConfiguredProcess,
  GroupChange,
  HostAnswer,
  HostQuestion,
} from '../host-questions.ts';
import { ANSWER_ITEMS_MAX, clippedTo, PROBLEMS_LENGTH_MAX } from '../text-limits.ts';
import { enumCodec, malformed, short } from './fields.ts';
import { decodeProcessName } from './process.ts';

export const questionCodec = enumCodec('question', {
  reread: 'HOST_QUESTION_REREAD',
  avail: 'HOST_QUESTION_AVAIL',
} as const satisfies Record<HostQuestion, string>);

const changeCodec = enumCodec('change of a group', {
  available: 'GROUP_CHANGE_AVAILABLE',
  changed: 'GROUP_CHANGE_CHANGED',
  disappeared: 'GROUP_CHANGE_DISAPPEARED',
} as const satisfies Record<GroupChange, string>);

export function encodeHostAnswer(answer: HostAnswer): WireHostAnswer {
  switch (answer.kind) {
    case 'reread':
      return { reread: { changes: answer.changes.map(encodeChangedGroup) } };
    case 'avail':
      return { avail: { processes: answer.processes.map(encodeConfiguredProcess) } };
    case 'failed':
      return { failed: answer.error };
    case 'unreachable':
      return { unreachable: answer.error };
  }
}

export function decodeHostAnswer(wire: WireHostAnswerOutput): HostAnswer {
  switch (wire.body) {
    case 'reread':
      return { kind: 'reread', changes: few(wire.reread?.changes).map(decodeChangedGroup) };
    case 'avail':
      return { kind: 'avail', processes: few(wire.avail?.processes).map(decodeConfiguredProcess) };
    case 'failed':
      return { kind: 'failed', error: clippedTo(PROBLEMS_LENGTH_MAX, wire.failed ?? '') };
    case 'unreachable':
      return { kind: 'unreachable', error: clippedTo(PROBLEMS_LENGTH_MAX, wire.unreachable ?? '') };
    default:
      throw malformed('an answer without a body');
  }
}

export function encodeChangedGroup({ group, change }: ChangedGroup): WireChangedGroup {
  return { group, change: changeCodec.toWire(change) };
}

export function decodeChangedGroup({ group, change }: WireChangedGroupOutput): ChangedGroup {
  return { group: short('a group', group), change: changeCodec.fromWire(change) };
}

export function encodeConfiguredProcess(configured: ConfiguredProcess): WireConfiguredProcess {
  return { ...configured };
}

export function decodeConfiguredProcess(wire: WireConfiguredProcessOutput): ConfiguredProcess {
  return {
    process: decodeProcessName(wire.process),
    group: short('a group', wire.group),
    name: short('a name', wire.name),
    inUse: wire.inUse,
    autostart: wire.autostart,
    groupPriority: wire.groupPriority,
    priority: wire.priority,
  };
}

function few<Item>(items: readonly Item[] = []): readonly Item[] {
  if (items.length <= ANSWER_ITEMS_MAX) return items;
  throw malformed(`an answer of ${items.length} items; at most ${ANSWER_ITEMS_MAX} are taken`);
}
