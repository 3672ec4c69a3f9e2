/** `fleetctl op explain`: what happened to the targets of an operation on one host, and when. */
import { FleetError, refusal } from '../../proto/errors.ts';
import type { ConnectionOptions, Environment } from '../ports.ts';
import { renderExplanation, renderExplanationJson } from '../render/operation/explain.ts';
import { painter } from '../render/paint.ts';
import { parseSubject } from '../subject.ts';
import { operationMeant } from './saved.ts';

export interface ExplainOptions extends ConnectionOptions {
  /** `[ID] HOST[/PROCESS]` */
  readonly words: readonly string[];
  readonly output: 'table' | 'json';
}

export async function explainOperation(
  environment: Environment,
  { words, output, ...connection }: ExplainOptions,
): Promise<number> {
  const { id, subject } = parseWords(words);
  const { host, process } = parseSubject(subject, 'op explain');
  using client = await environment.dial(connection);
  const operation = await operationMeant(environment, client, id);
  const explanation = await client.explainTargets({ operation, host, process });
  const { stdout } = environment;
  stdout.write(
    output === 'json'
      ? renderExplanationJson(explanation)
      : renderExplanation(explanation, painter(stdout.colours)),
  );
  return 0;
}

function parseWords(words: readonly string[]): {
  readonly id: string | null;
  readonly subject: string;
} {
  const [first = '', second, ...others] = words;
  if (others.length > 0) {
    throw wrong('op explain takes an operation and one host, no more', 'ask once for each host');
  }
  if (second !== undefined) return { id: first, subject: second };
  // Whoever wrote only an id has forgotten the host; a host is hardly called so.
  if (first === 'last' || /^[\da-f]{8}-[\da-f]{4}/i.test(first)) {
    throw wrong(
      `op explain needs to know which host: ${JSON.stringify(first.slice(0, 60))} is an operation`,
      'fleetctl op explain ID HOST, or ID HOST/PROCESS; fleetctl op show ID names its hosts',
    );
  }
  return { id: null, subject: first };
}

function wrong(message: string, fix: string): FleetError {
  return new FleetError(refusal('usage', message, { fix }));
}
