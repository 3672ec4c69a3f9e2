/**
 * What a program finds in `SUPERVISOR_SERVER_URL` where it asks for nothing else (`serverurl=AUTO`):
 * the address of Supervisor's own server, as options.py (`realize`) works it out, a UNIX socket
 * before a port. The value is passed on because programs and their scripts look for it, whoever
 * listens there.
 */
import { normalize } from 'node:path/posix';
import type { IniDocument, IniSection } from '../../proto/dialect/ini.ts';
import { createFindings } from '../../proto/dialect/problem.ts';
import type { Reading } from '../../proto/dialect/read-document.ts';
import {
  optional,
  type Parser,
  type ReadContext,
  readValues,
} from '../../proto/dialect/settings.ts';
import { expandHome, text } from '../../proto/dialect/values.ts';

export function automaticServerUrl(
  document: IniDocument,
  context: ReadContext,
  reading: Reading,
): string | null {
  // These sections are not served yet, so their faults are not judged either.
  const silent = { ...context, findings: createFindings() };
  for (const section of sectionsOf(document, 'unix_http_server')) {
    const file = readValues(section, SOCKET, silent)?.file?.trim();
    if (file) return `unix://${normalize(reading.absolute(expandHome(file, reading.home)))}`;
  }
  for (const section of sectionsOf(document, 'inet_http_server')) {
    const port = readValues(section, PORT, silent)?.port;
    if (port) return `http://${port}`;
  }
  return null;
}

/** `serverurl` of a program; null where it is to have none, though there may be a server. */
export const serverUrl = (automatic: string | null): Parser<string | null> => ({
  expected: 'AUTO or a URL',
  parse: (found) => ({
    ok: true,
    value: found.toUpperCase() === 'AUTO' ? automatic : found || null,
  }),
});

function sectionsOf(document: IniDocument, kind: string): readonly IniSection[] {
  return [...document.sections.values()].filter(
    ({ name }) => name === kind || name.startsWith(`${kind}:`),
  );
}

/** datatypes.py, `inet_address`: `host:port`, `:port`, `*:port` or `port`. */
const hostAndPort: Parser<string> = {
  expected: 'host:port',
  parse: (found) => {
    const colon = found.lastIndexOf(':');
    const host = found.slice(0, Math.max(0, colon)).toLowerCase();
    const port = Number(found.slice(colon + 1).trim() || Number.NaN);
    if (!Number.isInteger(port) || port < 1 || port > 65_535) return { ok: false };
    return { ok: true, value: `${host === '' || host === '*' ? 'localhost' : host}:${port}` };
  },
};

const SOCKET = { file: optional(text('the path of a UNIX socket'), null) };
const PORT = { port: optional(hostAndPort, null) };
