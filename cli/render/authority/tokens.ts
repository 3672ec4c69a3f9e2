/** Tokens as people look at them: whom each lets in, until when, and what became of it. */
import type { TokenSummary } from '../../../proto/certificates.ts';
import { labelsText } from '../hosts/hosts.ts';
import type { Paint } from '../paint.ts';
import { shellWord } from '../shell.ts';
import { type Cell, cell, renderTable } from '../table.ts';
import { neutralise } from '../text.ts';
import { formatDistance, formatTimestamp } from '../time.ts';

type TokenState = 'usable' | 'used' | 'revoked' | 'expired';

export function renderTokens(tokens: readonly TokenSummary[], nowMs: number, paint: Paint): string {
  if (tokens.length === 0) return 'no tokens; fleetctl token create makes one\n';
  const header = ['ID', 'LETS IN', 'LABELS', 'REPLACES', 'BY', 'EXPIRES', 'STATE'];
  const rows = tokens.map((token) => [
    cell(token.id),
    cell(whomText(token)),
    cell(labelsText(token.labels) || null),
    cell(token.replaces ? 'yes' : null),
    cell(token.createdBy),
    cell(formatTimestamp(token.expiresAtMs)),
    stateCell(token, nowMs),
  ]);
  return renderTable(header, rows, paint);
}

/** Said beside the join string, which says none of it. Safe to print. */
export function newTokenLines(
  token: TokenSummary,
  file: string | null,
  nowMs: number,
): readonly string[] {
  const program = token.kind === 'agent' ? 'fleet-agent join' : 'fleetctl login';
  const replacing = token.replaces ? ', in the place of who has that name' : '';
  const expires = `${formatTimestamp(token.expiresAtMs)} (${formatDistance(token.expiresAtMs - nowMs)})`;
  return [
    `token ${neutralise(token.id)} lets in ${neutralise(whomText(token))}${replacing}, once, until ${expires}`,
    ...(file === null ? [] : [`it is in ${neutralise(file)}, which only you can read`]),
    `use it there: ${program} --token-file ${file === null ? 'FILE' : neutralise(shellWord(file))}`,
  ];
}

export function tokenItem(token: TokenSummary, nowMs: number): object {
  const { used } = token;
  return {
    id: token.id,
    state: stateOf(token, nowMs),
    for: token.kind,
    names: token.names,
    labels: token.labels,
    replaces: token.replaces,
    createdBy: token.createdBy,
    createdAt: formatTimestamp(token.createdAtMs),
    expiresAt: formatTimestamp(token.expiresAtMs),
    usedAt: formatTimestamp(used?.atMs ?? null),
    usedBy: used?.name ?? null,
    usedFrom: used?.address ?? null,
    revokedBy: token.revokedBy,
  };
}

function whomText({ kind, names }: TokenSummary): string {
  return kind === 'agent' ? `one host ${names}` : `operator ${names}`;
}

function stateOf({ used, revokedBy, expiresAtMs }: TokenSummary, nowMs: number): TokenState {
  if (used !== null) return 'used';
  if (revokedBy !== null) return 'revoked';
  return expiresAtMs <= nowMs ? 'expired' : 'usable';
}

function stateCell(token: TokenSummary, nowMs: number): Cell {
  const { used, revokedBy } = token;
  const state = stateOf(token, nowMs);
  switch (state) {
    case 'used': {
      const from = used?.address == null ? '' : ` from ${used.address}`;
      return cell(`used by ${used?.name}${from}, ${formatDistance(nowMs - (used?.atMs ?? 0))} ago`);
    }
    case 'revoked':
      return cell(`revoked by ${revokedBy}`);
    case 'expired':
      return cell('expired');
    case 'usable':
      return cell('usable', 'good');
  }
}
