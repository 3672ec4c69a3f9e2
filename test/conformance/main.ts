/**
 * The conformance suite: runs each row's configuration under Debian's supervisord and under our
 * agent, and prints `scenario · supervisor · ours · same | better on purpose | different`. Ends
 * with 1 where something is different, with 2 where nothing could be compared.
 *
 *     npm run conformance [-- OPTIONS]
 *
 *     --row PATTERN         rows of that name, or the row of that number
 *     --at-once N           so many rows side by side
 *     --once                no second try for what differs
 *     --facts               print everything that both sides showed
 *     --keep                keep the directories in which they ran
 *     --programs DIRECTORY  these, not what is built from the sources
 */
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { whyMissing } from '../bench/packages.ts';
import { SUPERVISOR } from '../bench/supervisor.ts';
import { copyPrograms } from '../integration/fleet/programs.ts';
import { SupervisorLauncher } from './launch.ts';
import { type OurPrograms, ourSide } from './our-side.ts';
import { differenceText, factsText, HEADING } from './report.ts';
import type { Bench } from './run-row.ts';
import { runTable } from './run-table.ts';
import { supervisorSide } from './supervisor-side.ts';
import { TABLE } from './table.ts';

/** So many scenarios wait side by side; most of a scenario is waiting. */
const AT_ONCE = 8;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      row: { type: 'string', default: '' },
      'at-once': { type: 'string', default: String(AT_ONCE) },
      facts: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      programs: { type: 'string' },
      once: { type: 'boolean', default: false },
    },
  });
  const wanted = new RegExp(values.row, 'i');
  const rows = TABLE.filter(({ name, ref }) => wanted.test(name) || values.row === String(ref));
  if (rows.length === 0) return fail(`no row is called ${values.row}`);
  const missing = whyMissing([SUPERVISOR], say);
  if (missing !== null) return fail(`Supervisor is ${missing}`);
  const directory = mkdtempSync(join(tmpdir(), 'conformance-'));
  chmodSync(directory, 0o755);
  try {
    using bench = openBench(directory, values.programs ?? null);
    say(HEADING);
    const startMs = performance.now();
    const options = { atOnce: Number(values['at-once']), isOnce: values.once, say };
    const results = await runTable(bench, rows, options);
    const different = results.filter(({ judgement }) => judgement.verdict === 'different');
    for (const result of values.facts ? results : []) say(factsText(result));
    for (const result of different) say(differenceText(result));
    const seconds = Math.round((performance.now() - startMs) / 1_000);
    say(`\n${results.length} rows in ${seconds} s, ${different.length} different`);
    return different.length === 0 ? 0 : 1;
  } finally {
    if (values.keep) say(`kept: ${directory}`);
    else rmSync(directory, { recursive: true, force: true });
  }
}

/** Programs and probes are copied to where any user may run them. */
function openBench(directory: string, built: string | null): Bench & Disposable {
  const probes = join(directory, 'probes');
  cpSync(join(dirname(fileURLToPath(import.meta.url)), 'probes'), probes, { recursive: true });
  const programs =
    built === null ? copyPrograms(join(directory, 'programs')) : programsIn(resolve(built));
  const environment = {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    LANG: 'C.UTF-8',
    TERM: 'dumb',
    OUTER: 'from outside',
    // Where supervisord finds its plug-in.
    PYTHONPATH: probes,
    PYTHONDONTWRITEBYTECODE: '1',
  };
  const launcher = new SupervisorLauncher(probes, environment);
  return {
    sides: { supervisor: supervisorSide(launcher), ours: ourSide(programs) },
    probes,
    environment,
    directory,
    [Symbol.dispose]: () => launcher[Symbol.dispose](),
  };
}

/** A build of somebody's own, such as one with a mistake that the suite is to find. */
const programsIn = (directory: string): OurPrograms => ({
  agent: join(directory, 'fleet-agent.js'),
  fleetctl: join(directory, 'fleetctl.js'),
});

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function fail(text: string): number {
  process.stderr.write(`conformance: ${text}\n`);
  return 2;
}

process.exitCode = await main();
