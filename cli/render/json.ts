/** The envelope of everything that fleetctl prints for programs. Fields are only ever added. */
import type { Refusal } from '../../proto/errors.ts';
import { escapeJson } from './text.ts';

const API_VERSION = 'fleetvisor/v1';

export type OutputFormat = 'table' | 'json' | 'jsonl';

export function renderDocument(kind: string, fields: object): string {
  return `${escapeJson(JSON.stringify({ apiVersion: API_VERSION, kind, ...fields }, null, 2))}\n`;
}

/**
 * `json`: one document with all items; `jsonl`: the bare items, one a line.
 *
 * @param more fields of the document
 */
export function renderList(
  kind: string,
  items: readonly object[],
  format: Exclude<OutputFormat, 'table'>,
  more: object = {},
): string {
  if (format === 'json') return renderDocument(kind, { items, ...more });
  return items.map((item) => `${escapeJson(JSON.stringify(item))}\n`).join('');
}

/** On one line, since errors of a script end up in logs. */
export function renderErrorJson(because: Refusal): string {
  const { code, message, cause, fix } = because;
  return `${escapeJson(JSON.stringify({ kind: 'Error', code, message, cause, fix }))}\n`;
}

export function renderNoticeJson(message: string): string {
  return `${escapeJson(JSON.stringify({ kind: 'Notice', message }))}\n`;
}
