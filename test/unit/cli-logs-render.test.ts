// biome-ignore-all lint/suspicious/noControlCharactersInRegex: control characters are what is tested
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { jsonlRenderer } from '../../cli/render/logs/jsonl.ts';
import type { LogRenderer, LogScreen } from '../../cli/render/logs/piece.ts';
import { prefixedRenderer } from '../../cli/render/logs/prefixed.ts';
import { rawRenderer } from '../../cli/render/logs/raw.ts';
import type { LogChannel } from '../../proto/local-orders.ts';
import type { LogNews } from '../../proto/log-messages.ts';
import { hostId, knownProcessName } from '../../proto/vocabulary.ts';

const PIPE: LogScreen = { isTerminal: false, colours: false, follow: false };
const TERMINAL: LogScreen = { isTerminal: true, colours: false, follow: false };
const HOSTILE = 'a\u001b[2J\u009bK\rb\u202ec\u0007';
const DANGEROUS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/;

function sources(places: Readonly<Record<string, readonly string[]>>, unreachable: string[] = []) {
  return {
    kind: 'sources' as const,
    sources: Object.entries(places).map(([host, processes]) => ({
      host: hostId(host),
      processes: processes.map(knownProcessName),
    })),
    unreachable: unreachable.map(hostId),
  };
}

function block(
  place: string,
  data: string | Uint8Array,
  { channel = 'stdout' as LogChannel, skippedBytes = 0, skippedMore = false } = {},
): LogNews {
  const [host = '', process = ''] = place.split(' ');
  return {
    kind: 'block',
    host: hostId(host),
    process: knownProcessName(process),
    channel,
    data: Buffer.from(data),
    skippedBytes,
    skippedMore,
  };
}

function shown(render: LogRenderer, news: readonly LogNews[]) {
  const pieces = news.map(render);
  return {
    stdout: Buffer.concat(pieces.map(({ stdout }) => stdout ?? Buffer.alloc(0))),
    stderr: pieces.map(({ stderr }) => stderr).join(''),
  };
}

const text = (render: LogRenderer, news: readonly LogNews[]): string =>
  shown(render, news).stdout.toString();

const FLEET = sources({ 'web-1': ['web:web_0', 'db'], 'web-10': ['db'] });

test('each line begins with host and process, in columns; stderr is told apart without colours', () => {
  assert.equal(
    text(prefixedRenderer(PIPE), [
      FLEET,
      block('web-1 web:web_0', 'one\ntwo\n'),
      block('web-10 db', 'bad\n', { channel: 'stderr' }),
    ]),
    `web-1  web:web_0 | one
web-1  web:web_0 | two
web-10 db        ! bad
`,
  );
});

test('a line that comes without its end is ended, so that no other can be cut into it', () => {
  const news = [FLEET, block('web-1 db', 'half'), block('web-10 db', 'whole\n')];
  assert.deepEqual(text(prefixedRenderer(PIPE), news).split('\n'), [
    ...['web-1  db        | half', 'web-10 db        | whole', ''],
  ]);
});

test('into a pipe lines go byte for byte; on a terminal nothing goes that it would obey', () => {
  const line = Buffer.concat([Buffer.from(HOSTILE), Buffer.of(0xff, 10)]);
  const news = [FLEET, block('web-1 db', line)];
  const piped = shown(prefixedRenderer(PIPE), news).stdout;
  assert.ok(piped.includes(line));
  const onTerminal = text(prefixedRenderer(TERMINAL), news);
  assert.doesNotMatch(onTerminal, DANGEROUS);
  assert.match(onTerminal, /\\x1b\[2J.*\ufffd\n$/);
});

test('a host cannot be named so that a terminal obeys, into a pipe neither', () => {
  for (const screen of [PIPE, TERMINAL]) {
    const render = prefixedRenderer(screen);
    const named = text(render, [
      sources({ 'h\u001b[2J': ['p\u009b'] }),
      block('h\u001b[2J p\u009b', 'x\n'),
    ]);
    assert.doesNotMatch(named, DANGEROUS);
  }
});

test('colours: each host its own, red for the mark of stderr', () => {
  const render = prefixedRenderer({ ...TERMINAL, colours: true });
  const lines = text(render, [
    FLEET,
    block('web-1 db', 'a\n'),
    block('web-10 db', 'b\n', { channel: 'stderr' }),
  ]).split('\n');
  const [first = '', second = ''] = lines.map((line) => /^\u001b\[(\d+)m/.exec(line)?.[1]);
  assert.notEqual(first, second);
  assert.ok(![first, second].includes('31'));
  assert.ok(lines[1]?.includes('\u001b[31m!\u001b[0m b'));
});

test('whatever comes, each line of it comes out once, behind its own prefix, and nothing else', () => {
  const line = fc.stringMatching(/^[a-z ]{0,5}$/);
  const lines = fc.array(fc.record({ host: fc.constantFrom('h1', 'h2'), line }));
  fc.assert(
    fc.property(lines, (all) => {
      const news = all.map(({ host, line: words }) => block(`${host} p`, `${words}\n`));
      const out = text(prefixedRenderer(PIPE), [sources({ h1: ['p'], h2: ['p'] }), ...news]);
      assert.equal(out, all.map(({ host, line: words }) => `${host} p | ${words}\n`).join(''));
    }),
  );
});

test('what was skipped stands on a line of its own, before what follows it', () => {
  const skipped = { skippedBytes: 1_258_291 };
  const news = [FLEET, block('web-1 db', 'after\n', skipped)];
  assert.equal(
    text(prefixedRenderer(PIPE), news),
    `-- web-1 db: 1.2 MB skipped, this reader was too slow --\nweb-1  db        | after\n`,
  );
  const alone = block('web-1 db', '', { channel: 'stderr', skippedBytes: 1_024 });
  assert.equal(
    text(prefixedRenderer(PIPE), [FLEET, alone]),
    '-- web-1 db stderr: 1 KB skipped, this reader was too slow --\n',
  );
});

test('of what was gone before it was read nobody knows how much it was', () => {
  const lost = (skippedBytes: number) =>
    text(prefixedRenderer(PIPE), [
      FLEET,
      block('web-1 db', '', { skippedBytes, skippedMore: true }),
    ]);
  assert.equal(lost(1_024), '-- web-1 db: at least 1 KB skipped, gone before it was read --\n');
  assert.equal(
    lost(0),
    '-- web-1 db: its log was emptied or moved away; lines may be missing --\n',
  );
});

test('hosts that are not read, lost, back or refused are told on stderr', () => {
  const host = hostId('web-1');
  const news: readonly LogNews[] = [
    sources({ 'web-1': ['db'] }, ['web-2', 'web-3']),
    { kind: 'lost', host, error: 'the connection to its agent was lost' },
    { kind: 'resumed', host },
    { kind: 'note', host, note: 'since reaches back\u001b to 12:00' },
    { kind: 'ended', host, error: 'no log file\u001b[2J' },
    { kind: 'ended', host, error: null },
  ];
  for (const render of [prefixedRenderer, rawRenderer]) {
    const { stdout, stderr } = shown(render({ ...PIPE, follow: true }), news);
    assert.equal(stdout.length, 0);
    assert.deepEqual(stderr.split('\n'), [
      '-- not connected, read when they are: web-[2-3] --',
      '-- web-1: the connection to its agent was lost; reading goes on when it is back --',
      '-- web-1: read from now on; what it printed meanwhile may be missing --',
      String.raw`-- web-1: since reaches back\x1b to 12:00 --`,
      String.raw`-- web-1: no log file\x1b[2J --`,
      '',
    ]);
  }
});

test('tail: one log is shown as it is, without anything around it', () => {
  const bytes = Buffer.of(0, 255, 10, 27, 65);
  const news = [sources({ 'web-1': ['db'] }), block('web-1 db', bytes)];
  assert.deepEqual(shown(rawRenderer(PIPE), news).stdout, bytes);
  assert.equal(text(rawRenderer(TERMINAL), news), '\\x00\ufffd\n\\x1bA');
});

test('tail: several have a header wherever another one begins, and a line that was cut is ended', () => {
  const news = [
    FLEET,
    block('web-1 db', 'a\n'),
    block('web-1 db', 'b'),
    block('web-10 db', 'c\n'),
    block('web-1 db', 'd\n'),
  ];
  assert.equal(
    text(rawRenderer(PIPE), news),
    '==> web-1 db <==\na\nb\n\n==> web-10 db <==\nc\n\n==> web-1 db <==\nd\n',
  );
});

test('tail: who follows has headers from the beginning where another host may come back', () => {
  const news = [sources({ 'web-1': ['db'] }, ['web-2']), block('web-1 db', 'a\n')];
  assert.equal(text(rawRenderer({ ...PIPE, follow: true }), news), '==> web-1 db <==\na\n');
  assert.equal(text(rawRenderer({ ...PIPE, follow: false }), news), 'a\n');
});

test('tail: what was skipped goes to stderr into a pipe, and between the lines on a terminal', () => {
  const news = [
    sources({ 'web-1': ['db'] }),
    block('web-1 db', 'half'),
    block('web-1 db', 'after\n', { skippedBytes: 2_048 }),
  ];
  const gap = '-- web-1 db: 2 KB skipped, this reader was too slow --\n';
  const piped = shown(rawRenderer(PIPE), news);
  assert.equal(piped.stdout.toString(), 'halfafter\n');
  assert.equal(piped.stderr, gap);
  const onTerminal = shown(rawRenderer(TERMINAL), news);
  assert.equal(onTerminal.stdout.toString(), `half\n${gap}after\n`);
  assert.equal(onTerminal.stderr, '');
});

test('tail: a character that is cut between two pieces is whole on a terminal', () => {
  const bytes = Buffer.from('é\n');
  const news = [
    sources({ 'web-1': ['db'] }),
    block('web-1 db', bytes.subarray(0, 1)),
    block('web-1 db', bytes.subarray(1)),
  ];
  assert.equal(text(rawRenderer(TERMINAL), news), 'é\n');
});

test('jsonl: one object a line, what is no line has a kind, and nothing in it is obeyed', () => {
  const line = Buffer.concat([Buffer.from(`${HOSTILE}\u2028"`), Buffer.of(0xff, 10)]);
  const host = hostId('h');
  const out = text(jsonlRenderer, [
    sources({ h: ['p'] }, ['gone']),
    block('h p', Buffer.concat([line, Buffer.from('\nlast')]), { skippedBytes: 5 }),
    block('h p', 'more\n', { skippedMore: true }),
    { kind: 'lost', host, error: 'why' },
    { kind: 'resumed', host },
    { kind: 'note', host, note: 'a note' },
    { kind: 'ended', host, error: null },
  ]);
  assert.doesNotMatch(out, DANGEROUS);
  const log = { host: 'h', process: 'p', channel: 'stdout' };
  assert.deepEqual(
    out
      .trimEnd()
      .split('\n')
      .map((item) => JSON.parse(item)),
    [
      { kind: 'Unreachable', host: 'gone' },
      { kind: 'Gap', ...log, skippedBytes: 5, skippedMore: false },
      { ...log, line: `${HOSTILE}\u2028"\ufffd` },
      { ...log, line: '' },
      { ...log, line: 'last' },
      { kind: 'Gap', ...log, skippedBytes: 0, skippedMore: true },
      { ...log, line: 'more' },
      { kind: 'Lost', host: 'h', error: 'why' },
      { kind: 'Resumed', host: 'h' },
      { kind: 'Note', host: 'h', note: 'a note' },
      { kind: 'End', host: 'h', error: null },
    ],
  );
});
