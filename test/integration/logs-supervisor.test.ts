/**
 * The same programs under real supervisord and into our own logs: which files there are in the end,
 * what is in each, and who may read it must be the same. The programs see to it that both sides read
 * the same pieces: each waits until its last one has been written.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { makeFifos } from '../../agent/adapters/children/fifos.ts';
import { OutputStream } from '../../agent/adapters/children/output-stream.ts';
import { LastLines } from '../../agent/adapters/logs/last-lines.ts';
import { openLogSink } from '../../agent/adapters/logs/log-sink.ts';
import { fakeLog } from '../fakes/agent-log.ts';
import { aDefinition } from '../fakes/agent-process.ts';
import { eventually } from './fleet/wait.ts';

const PIECES = 12;

interface Row {
  readonly name: string;
  readonly maxBytes: number;
  readonly backups: number;
  /** In the log before. */
  readonly before?: string;
  /** What stands between number and newline of each piece. */
  readonly words?: string;
  /** After that many pieces the log is moved away and reopened. */
  readonly movedAfter?: number;
}

const ROWS: readonly Row[] = [
  { name: 'three-backups', maxBytes: 54, backups: 3 },
  { name: 'one-backup', maxBytes: 45, backups: 1 },
  { name: 'more-than-enough', maxBytes: 60, backups: 20 },
  { name: 'begun-anew', maxBytes: 70, backups: 0 },
  { name: 'never-rotated', maxBytes: 0, backups: 3 },
  { name: 'each-piece-too-long', maxBytes: 5, backups: 2 },
  { name: 'continued', maxBytes: 50, backups: 2, before: 'what was there before\n' },
  { name: 'moved', maxBytes: 0, backups: 0, movedAfter: 6 },
  { name: 'moved-and-rotated', maxBytes: 50, backups: 2, movedAfter: 5 },
  { name: 'colours', maxBytes: 0, backups: 0, words: '\\033[1;31mred\\033[0m' },
];

/** Prints its pieces one by one, each when the one before is in the log, or has gone from it again. */
const PROGRAM = `
log=$1; words=$2; moved_after=$3; i=0
while test $i -lt ${PIECES}; do
  i=$((i + 1))
  printf "piece $i $words\\n"
  tries=0
  until grep -qs "piece $i " "$log" "$log".* || test $tries -ge 25; do
    sleep 0.01
    tries=$((tries + 1))
  done
  test $i = "$moved_after" || continue
  echo > "$log-wants-moving"
  while test -e "$log-wants-moving"; do sleep 0.01; done
done
echo > "$log-done"
`;

function workplace(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'logs-supervisor-'));
  context.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'program'), PROGRAM);
  const side = (name: string) => {
    mkdirSync(join(folder, name));
    const logOf = (row: Row): string => join(folder, name, `${row.name}.log`);
    for (const row of ROWS) if (row.before !== undefined) writeFileSync(logOf(row), row.before);
    const commandOf = (row: Row): readonly string[] => [
      '/bin/sh',
      join(folder, 'program'),
      logOf(row),
      row.words ?? 'and words',
      String(row.movedAfter ?? 0),
    ];
    return { folder: join(folder, name), logOf, commandOf };
  };
  return { folder, theirs: side('supervisor'), ours: side('ours') };
}

type Side = ReturnType<typeof workplace>['ours'];

/** Moves logs away for the programs that want it, until all are done. */
async function untilDone({ logOf }: Side, reopen: (row: Row) => void): Promise<void> {
  for (const row of ROWS.filter(({ movedAfter }) => movedAfter !== undefined)) {
    const log = logOf(row);
    await eventually(`${row.name} to be moved`, () => existsSync(`${log}-wants-moving`));
    renameSync(log, `${log}-moved`);
    reopen(row);
    await eventually(`${row.name} to be reopened`, () => existsSync(log));
    rmSync(`${log}-wants-moving`);
  }
  for (const row of ROWS) {
    await eventually(`${row.name} to be done`, () => existsSync(`${logOf(row)}-done`));
  }
}

async function runTheirs(context: TestContext, folder: string, side: Side): Promise<void> {
  const program = (row: Row): string => `
[program:${row.name}]
command = ${side
    .commandOf(row)
    .map((word) => `'${word}'`)
    .join(' ')}
startsecs = 0
autorestart = false
stdout_logfile = ${side.logOf(row)}
stdout_logfile_maxbytes = ${row.maxBytes}
stdout_logfile_backups = ${row.backups}
stderr_logfile = NONE
`;
  const config = join(folder, 'supervisord.conf');
  const head = `[supervisord]\nnodaemon = true\nstrip_ansi = true\nlogfile = ${folder}/main.log\npidfile = ${folder}/pid\n`;
  writeFileSync(config, head + ROWS.map(program).join('').replaceAll('%', '%%'));
  const daemon = spawn('supervisord', ['-c', config], { stdio: 'ignore' });
  const ended = once(daemon, 'exit');
  context.after(() => daemon.kill('SIGKILL'));
  await untilDone(side, () => daemon.kill('SIGUSR2'));
  daemon.kill('SIGTERM');
  await ended;
}

async function runOurs(context: TestContext, folder: string, side: Side): Promise<void> {
  const log = fakeLog();
  const streams = new Map<Row, OutputStream>();
  const runs = ROWS.map(async (row) => {
    const fifo = join(folder, `${row.name}.out`);
    makeFifos([fifo]);
    const { maxBytes, backups } = row;
    const target = { kind: 'file', path: side.logOf(row) } as const;
    const stdoutLog = { target, syslog: false, maxBytes, backups, timestamps: false };
    const definition = aDefinition(row.name, { stripAnsi: true, stdoutLog });
    const onLost = (): never => assert.fail('it can be written');
    const folders = { runDir: folder, logDir: folder };
    const around = { folders, log, syslog: NO_SYSLOG, nowMs: Date.now, onLost };
    const open = () => openLogSink(definition, 'stdout', around);
    using output = new OutputStream(fifo, open, new LastLines());
    streams.set(row, output);
    const program = spawn('/bin/sh', ['-c', 'exec "$@" > "$0"', fifo, ...side.commandOf(row)]);
    context.after(() => program.kill('SIGKILL'));
    await once(program, 'exit');
  });
  await untilDone(side, (row) => streams.get(row)?.reopenLog());
  await Promise.all(runs);
  assert.deepEqual(log.lines, []);
}

const NO_SYSLOG = { open: () => assert.fail('nothing goes to the system log here') };

interface SeenFile {
  readonly text: string;
  readonly mode: string;
  readonly owner: string;
}

function filesOf({ folder }: Side): Readonly<Record<string, SeenFile>> {
  const files = readdirSync(folder)
    .toSorted()
    .map((name): [string, SeenFile] => {
      const { mode, uid, gid } = statSync(join(folder, name));
      const text = readFileSync(join(folder, name), 'utf8');
      return [name, { text, mode: mode.toString(8), owner: `${uid}:${gid}` }];
    });
  return Object.fromEntries(files);
}

test('logs have the names, contents, modes and owners that they have under Supervisor', async (context) => {
  const isHere = spawnSync('supervisord', ['--version']).status === 0;
  if (!isHere) return context.skip('supervisord is not installed');
  const { folder, theirs, ours } = workplace(context);
  await Promise.all([runTheirs(context, folder, theirs), runOurs(context, folder, ours)]);
  const files = filesOf(ours);
  assert.deepEqual(files, filesOf(theirs));
  assert.ok(Object.keys(files).length > 3 * ROWS.length, Object.keys(files).join(' '));
  for (const { name, words = 'and words' } of ROWS.filter(({ backups }) => backups > 3)) {
    const pieces = Array.from({ length: PIECES }, (_, index) => `piece ${index + 1} ${words}\n`);
    const inOrder = Array.from({ length: PIECES }, (_, index) => `${name}.log.${PIECES - index}`);
    const whole = [...inOrder, `${name}.log`].map((file) => files[file]?.text ?? '').join('');
    assert.equal(whole, pieces.join(''), 'nothing is missing where there is room for it');
  }
});
