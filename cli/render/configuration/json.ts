/** The items of what hosts answered about their configuration: one for each host, failed or not. */
import type { ConfiguredProcess, HostQuestion, HostReport } from '../../../proto/host-questions.ts';

/** `state` is `answered`, `failed` or `unreachable`; the error says why not. */
export function reportItems(
  question: HostQuestion,
  reports: readonly HostReport[],
): readonly object[] {
  const nothing = { reread: { changes: null }, avail: { processes: null } }[question];
  return reports.map((report) => reportItem(report, nothing));
}

function reportItem({ host, answer }: HostReport, nothing: object): object {
  switch (answer.kind) {
    case 'reread': {
      const changes = answer.changes.map(({ group, change }) => ({ group, change }));
      return { host, state: 'answered', changes, error: null };
    }
    case 'avail': {
      const processes = answer.processes.map(processItem);
      return { host, state: 'answered', processes, error: null };
    }
    case 'failed':
    case 'unreachable':
      return { host, state: answer.kind, ...nothing, error: answer.error };
  }
}

/** Field by field, so that what comes to the vocabulary does not come out unasked. */
function processItem(configured: ConfiguredProcess): object {
  const { process, group, name, inUse, autostart, groupPriority, priority } = configured;
  return { process, group, name, inUse, autostart, groupPriority, priority };
}
