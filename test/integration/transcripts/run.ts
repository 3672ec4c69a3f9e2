/** Carries out a transcript on a fleet of the real programs. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createFleet, type Fleet } from '../fleet/harness.ts';
import { mask } from './mask.ts';
import type { Step, Transcript } from './read.ts';

const COMMAND_MAX_MS = 40_000;

/** @returns the steps as they went, with what each command really printed */
export async function runTranscript(transcript: Transcript): Promise<readonly Step[]> {
  using fleet = await createFleet({ controller: transcript.controller });
  const world = await raiseFleet(fleet, transcript);
  const steps: Step[] = [];
  for (const step of transcript.steps) {
    if (step.kind === 'happening') await happen(world, step.words);
    if (step.kind !== 'command') steps.push(step);
    else steps.push({ ...step, expected: await printed(world, step.command) });
  }
  return steps;
}

interface World {
  readonly fleet: Fleet;
  readonly transcript: Transcript;
  readonly environment: Readonly<Record<string, string>>;
  readonly agents: Map<string, Awaited<ReturnType<Fleet['startAgent']>>>;
}

async function raiseFleet(fleet: Fleet, transcript: Transcript): Promise<World> {
  for (const [name, text] of transcript.files) {
    fleet.write(name, text);
    if (text.startsWith('#!')) chmodSync(fleet.path(name), 0o755);
  }
  mkdirSync(fleet.path('bin'));
  const fleetctl = fleet.path('bin', 'fleetctl');
  const words = [process.execPath, fleet.path('programs', 'fleetctl.js')].map(
    (word) => `'${word}'`,
  );
  writeFileSync(fleetctl, `#!/bin/sh\nexec ${words.join(' ')} "$@"\n`, { mode: 0o755 });
  const environment = {
    PATH: `${fleet.path('bin')}:${process.env['PATH'] ?? '/usr/bin:/bin'}`,
    HOME: fleet.folder,
    FLEETCTL_CONFIG: await fleet.writeOperatorConf(),
  };
  const world: World = { fleet, transcript, environment, agents: new Map() };
  await fleet.startController();
  await Promise.all([...transcript.agents.keys()].map((host) => startAgent(world, host)));
  await fleet.until('everything has settled', async () => {
    const processes = [...(await fleet.processes()).values()];
    const hosts = new Set(processes.filter((entry) => entry.hostConnected).map(({ host }) => host));
    const isRestless = processes.some(({ status }) => /^(STARTING|STOPPING)$/.test(status.state));
    return hosts.size === transcript.agents.size && !isRestless;
  });
  return world;
}

async function startAgent(world: World, host: string): Promise<void> {
  const programs = world.transcript.agents.get(host);
  if (programs === undefined) throw new Error(`the transcript has no agent ${host}`);
  world.agents.set(host, await world.fleet.startAgent(host, { programs }));
}

/** What else a transcript can have happen, by the first of its words. */
async function happen(world: World, [what, host = '', process = '', state]: readonly string[]) {
  const { fleet, agents } = world;
  switch (what) {
    case 'wait':
      return void (await fleet.process(
        host,
        process,
        `is ${state}`,
        (entry) => (entry.hostConnected ? entry.status.state : 'UNREACHABLE') === state,
      ));
    case 'kill-agent':
      return void (await agents.get(host)?.end('SIGKILL'));
    case 'start-agent':
      return startAgent(world, host);
    default:
      throw new Error(`nobody knows how to "${what}"`);
  }
}

async function printed(world: World, command: string): Promise<readonly string[]> {
  const { code, stdout, stderr } = await runInShell(world, command);
  return [
    ...linesOf(stdout).map((line) => line.replace(/^(?=[$>#?!|-]|$)/, '|')),
    ...linesOf(stderr).map((line) => `! ${line}`),
    ...(code === 0 ? [] : [`? ${code}`]),
  ].map((line) => mask(line.replaceAll(world.fleet.folder, '<folder>')));
}

function runInShell({ fleet, environment }: World, command: string) {
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve, reject) => {
    const shell = spawn('/bin/sh', ['-c', command], {
      cwd: fleet.folder,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: COMMAND_MAX_MS,
    });
    const stdout: string[] = [];
    const stderr: string[] = [];
    shell.stdout.setEncoding('utf8').on('data', (text: string) => stdout.push(text));
    shell.stderr.setEncoding('utf8').on('data', (text: string) => stderr.push(text));
    shell.on('error', reject);
    shell.on('close', (code) =>
      resolve({ code, stdout: stdout.join(''), stderr: stderr.join('') }),
    );
  });
}

function linesOf(text: string): readonly string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}
