/**
 * Logs of many programs as one: each line begins with the host and the process that printed it.
 *
 *     web-1  web:web_0 | GET / 200
 *     web-10 db        ! cannot bind 0.0.0.0:8080
 *
 * A `!` marks what was printed to stderr, also where there are no colours. Names are padded to the
 * longest of all that are read, which are known before the first line is. Into a pipe lines go byte
 * for byte.
 */
import type { LogNews } from '../../../proto/log-messages.ts';
import { painter } from '../paint.ts';
import { displayWidth, neutralise, neutraliseLog, padToWidth } from '../text.ts';
import type { LogRenderer, LogScreen } from './piece.ts';
import { gapRemark, hasGap, hostRemark } from './remarks.ts';

type Block = Extract<LogNews, { readonly kind: 'block' }>;
type Sources = Extract<LogNews, { readonly kind: 'sources' }>;

/** SGR parameters (ECMA-48 §8.3.117) that tell hosts apart. Red is for stderr. */
const HOST_COLOURS = [36, 33, 35, 32, 34, 96, 93, 95, 92, 94] as const;

/** One host with a long name must not move all others to the right edge. */
const PADDED_WIDTH_MAX = 32;

const LINE_FEED = 10;

export function prefixedRenderer({ isTerminal, colours, follow }: LogScreen): LogRenderer {
  const paint = painter(colours);
  let names: Names = NO_NAMES;
  /** A flood comes from a few logs. */
  let prefixes = new Map<string, Buffer>();

  function prefixOf({ host, process, channel }: Block): Buffer {
    const key = `${channel} ${host} ${process}`;
    const known = prefixes.get(key);
    if (known !== undefined) return known;
    const place = `${padToWidth(neutralise(host), names.hostWidth)} ${padToWidth(neutralise(process), names.processWidth)}`;
    const colour = HOST_COLOURS[(names.positions.get(host) ?? 0) % HOST_COLOURS.length];
    const painted = colours ? `\u001b[${colour}m${place}\u001b[0m` : place;
    const mark = channel === 'stderr' ? paint('!', 'bad') : '|';
    const prefix = Buffer.from(`${painted} ${mark} `);
    prefixes.set(key, prefix);
    return prefix;
  }

  return (news) => {
    if (news.kind === 'sources') {
      names = namesOf(news);
      prefixes = new Map();
    }
    if (news.kind !== 'block') return { stdout: null, stderr: hostRemark(news, follow) };
    const gap = hasGap(news) ? [Buffer.from(gapRemark(news.host, news))] : [];
    const data = isTerminal ? harmless(news.data) : news.data;
    return { stdout: Buffer.concat([...gap, ...prefixed(data, prefixOf(news))]), stderr: '' };
  };
}

interface Names {
  readonly positions: ReadonlyMap<string, number>;
  readonly hostWidth: number;
  readonly processWidth: number;
}

const NO_NAMES: Names = { positions: new Map(), hostWidth: 0, processWidth: 0 };

function namesOf({ sources, unreachable }: Sources): Names {
  // Who follows will read these, too, when they are back.
  const hosts = [...sources.map(({ host }) => host), ...unreachable];
  return {
    positions: new Map(hosts.map((host, position) => [host, position])),
    hostWidth: widest(hosts),
    processWidth: widest(new Set(sources.flatMap(({ processes }) => processes))),
  };
}

function widest(names: Iterable<string>): number {
  let width = 0;
  for (const name of names) width = Math.max(width, displayWidth(neutralise(name)));
  return Math.min(width, PADDED_WIDTH_MAX);
}

function harmless(data: Uint8Array): Buffer {
  return Buffer.from(neutraliseLog(new TextDecoder('utf-8', { ignoreBOM: true }).decode(data)));
}

/** What does not end with its line, since that is too long or is not written yet, is ended here. */
function* prefixed(data: Uint8Array, prefix: Buffer): Generator<Uint8Array> {
  for (let from = 0; from < data.length; ) {
    const end = data.indexOf(LINE_FEED, from);
    yield prefix;
    yield data.subarray(from, end < 0 ? data.length : end + 1);
    if (end < 0) yield Buffer.of(LINE_FEED);
    from = end < 0 ? data.length : end + 1;
  }
}
