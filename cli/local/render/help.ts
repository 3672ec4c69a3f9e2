/** Help for `fleetctl --local`: the list of verbs, and each verb with its words. */

import { DEFAULT_SOCKET } from '../../../proto/local-socket.ts';
import { escapeUnsafe } from '../../render/text.ts';
import { LOCAL_VERBS } from '../verbs/table.ts';
import type { LocalVerb } from '../verbs/verb.ts';

function overview(): string {
  const rows = [...LOCAL_VERBS].map(([name, { summary }]) => [name, summary] as const);
  return `Usage: fleetctl --local [--socket PATH] [-o json] VERB [WORDS]

Asks this host's own agent, with supervisorctl's verbs, output and exit codes.
No controller is needed.

Verbs:
${columns(rows)}
  fleetctl --local help VERB says more of one.

Options:
${columns([
  ['--socket PATH', "the agent's socket, else FLEETCTL_SOCKET,"],
  ['', `else ${DEFAULT_SOCKET}`],
  ['-o, --output FORMAT', 'with status: table, json or jsonl'],
  ['-h, --help', 'show this'],
])}`;
}

export function verbHelp({ usage }: LocalVerb): string {
  return columns(usage);
}

/** @param words behind `help` */
export function helpText(words: readonly string[]): string {
  const topic = words.join(' ');
  if (topic === '' || topic === 'help') return overview();
  const verb = LOCAL_VERBS.get(topic);
  return verb === undefined ? `*** No help on ${escapeUnsafe(topic)}\n` : verbHelp(verb);
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}\n`).join('');
}
