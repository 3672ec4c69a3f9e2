/**
 * `fleetctl reread` and `fleetctl avail`: one question to many hosts, through the controller. An
 * answer of every host is exit code 0, whatever it says; hosts that say the same share a line.
 */
import { FleetError, refusal } from '../../proto/errors.ts';
import type { HostQuestion, HostReport } from '../../proto/host-questions.ts';
import { resolveHosts } from '../hosts-expression.ts';
import { EXIT_SOME_FAILED, EXIT_SOME_UNREACHABLE } from '../outcome.ts';
import type { ConnectionOptions, Environment } from '../ports.ts';
import { renderAvail } from '../render/configuration/avail.ts';
import { reportItems } from '../render/configuration/json.ts';
import { renderReread } from '../render/configuration/reread.ts';
import { renderList } from '../render/json.ts';
import { painter } from '../render/paint.ts';
import { refusalOfEmpty } from '../selection.ts';
import { screenOf } from '../terminal/painter.ts';

export interface AskOptions extends ConnectionOptions {
  readonly question: HostQuestion;
  /** Null where it was not given, which is refused. */
  readonly hosts: string | null;
  readonly output: 'table' | 'json' | 'jsonl';
}

/** Of the JSON documents. */
const KINDS = {
  reread: 'ConfigurationChangeList',
  avail: 'ConfiguredProcessList',
} as const satisfies Record<HostQuestion, string>;

export async function askHosts(environment: Environment, options: AskOptions): Promise<number> {
  const { question, hosts, output } = options;
  if (hosts === null) throw hostsMissing(question);
  const empty = refusalOfEmpty({ hosts, processes: [] });
  if (empty !== null) throw new FleetError(empty);
  const selector = await resolveHosts(hosts, environment.readText);
  using client = await environment.dial(options);
  const reports = await client.askHosts(question, selector);
  environment.stdout.write(
    output === 'table'
      ? renderReports(environment, question, reports)
      : renderList(KINDS[question], reportItems(question, reports), output),
  );
  return exitCodeFor(reports);
}

function renderReports(
  { stdout, terminal }: Environment,
  question: HostQuestion,
  reports: readonly HostReport[],
): string {
  const paint = painter(stdout.colours);
  switch (question) {
    case 'reread':
      return renderReread(reports, paint);
    case 'avail':
      return renderAvail(reports, paint, terminal === null ? null : screenOf(terminal).columns);
  }
}

function exitCodeFor(reports: readonly HostReport[]): number {
  const kinds = new Set(reports.map(({ answer }) => answer.kind));
  if (kinds.has('failed')) return EXIT_SOME_FAILED;
  return kinds.has('unreachable') ? EXIT_SOME_UNREACHABLE : 0;
}

function hostsMissing(question: HostQuestion): FleetError {
  return new FleetError(
    refusal('usage', `${question} needs --hosts`, {
      cause: 'it makes each of them read and answer, so which is not left to chance',
      fix: `fleetctl ${question} --hosts 'prod-*', or --hosts '@*' for the whole fleet`,
    }),
  );
}
