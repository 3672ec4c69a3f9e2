/**
 * Start, stop and restart of 200 programs on one host: `fleetctl --local` and our agent beside
 * `supervisorctl` and supervisord. With `startsecs = 0`, which is the work alone, and with the
 * default of one second, which is what people wait for. Each order is measured twice: as somebody at
 * a terminal waits for it, and from the bench straight to the daemon.
 */
import type { Bench, BenchTools, Budget, Finding } from '../bench.ts';
import { runCommand } from '../command.ts';
import { assertCarriedOut, type ControlVerb, runningPids } from '../listing.ts';
import { endedChildrenMs, processorMs } from '../proc.ts';
import { sleepers } from '../programs.ts';
import { spreadOf } from '../spread.ts';
import { startSupervisor } from '../supervisor.ts';
import { agentOrders, type DirectOrder, supervisorOrders } from './direct-orders.ts';
import { startLoneAgent } from './lone-agent.ts';

const PROGRAMS = 200;
const ROUNDS = 5;

/** In this order each finds what it needs. */
const VERBS: readonly ControlVerb[] = ['stop', 'start', 'restart'];

export const control: Bench = {
  name: 'agent-control',
  summary: `stop, start and restart of ${PROGRAMS} programs on one host, ${ROUNDS} times each way`,
  run: async (tools) => [
    ...(await withStartSeconds(tools, 0, VERBS)),
    // A stop is the same whatever a start takes.
    ...(await withStartSeconds(tools, 1, ['start', 'restart'])),
  ],
};

/** A daemon with 200 programs. */
interface Contender {
  readonly pid: number;
  /** A whole command line of its own client. */
  readonly client: (...words: readonly string[]) => readonly string[];
  readonly direct: DirectOrder;
}

/** Milliseconds, one for each round. */
interface Samples {
  readonly command: number[];
  readonly daemon: number[];
  readonly processor: number[];
  readonly children: number[];
}

type SamplesByVerb = Readonly<Record<ControlVerb, Samples>>;

async function withStartSeconds(
  tools: BenchTools,
  startSeconds: number,
  shown: readonly ControlVerb[],
): Promise<readonly Finding[]> {
  const programs = sleepers(PROGRAMS, startSeconds);
  const own = noSamples();
  const peer = tools.hasSupervisor ? noSamples() : null;
  const contenders = [{ contender: await ourAgent(tools, startSeconds, programs), samples: own }];
  if (peer !== null) {
    const contender = await theirSupervisor(tools, startSeconds, programs);
    contenders.push({ contender, samples: peer });
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { contender, samples } of contenders) await measure(contender, samples);
  }
  return shown.flatMap((verb) => findingsOf({ verb, startSeconds, own, peer }));
}

async function ourAgent(
  tools: BenchTools,
  startSeconds: number,
  programs: string,
): Promise<Contender> {
  const name = `agent-${startSeconds}`;
  const agent = await startLoneAgent(tools, { name, processes: PROGRAMS, programs });
  return { pid: agent.pid, client: agent.fleetctl, direct: await agentOrders(agent.socket) };
}

async function theirSupervisor(
  tools: BenchTools,
  startSeconds: number,
  programs: string,
): Promise<Contender> {
  const name = `supervisor-${startSeconds}`;
  const { pid, supervisorctl, socket } = await startSupervisor(tools, {
    name,
    processes: PROGRAMS,
    programs,
  });
  return { pid, client: supervisorctl, direct: supervisorOrders(socket) };
}

async function measure(contender: Contender, samples: SamplesByVerb): Promise<void> {
  const { client, direct } = contender;
  let pids = runningPids(client('status'));
  /** @returns how long it took; that it was carried out is looked at outside the time */
  const timed = async (verb: ControlVerb, give: () => Promise<void> | void): Promise<number> => {
    const startedMs = performance.now();
    await give();
    const tookMs = performance.now() - startedMs;
    const before = pids;
    pids = runningPids(client('status'));
    assertCarriedOut(verb, PROGRAMS, { before, after: pids });
    return tookMs;
  };
  for (const verb of VERBS) {
    const command = client(verb, 'all');
    samples[verb].command.push(await timed(verb, () => void runCommand(command)));
  }
  for (const verb of VERBS) {
    const give = async () => {
      const before = used(contender);
      await direct(verb);
      const after = used(contender);
      samples[verb].processor.push(after.processor - before.processor);
      samples[verb].children.push(after.children - before.children);
    };
    samples[verb].daemon.push(await timed(verb, give));
  }
}

function used({ pid }: Contender) {
  return { processor: processorMs(pid), children: endedChildrenMs(pid) };
}

interface Measured {
  readonly verb: ControlVerb;
  readonly startSeconds: number;
  readonly own: SamplesByVerb;
  readonly peer: SamplesByVerb | null;
}

function findingsOf({ verb, startSeconds, own, peer }: Measured): readonly Finding[] {
  const isRestart = verb === 'restart';
  const budget: Budget | null = isRestart ? { kind: 'ratioAtMost', ratio: 0.5 } : null;
  const finding = (
    what: string,
    measured: keyof Samples,
    peerName: string,
    held: Budget | null = null,
  ): Finding => ({
    what,
    unit: 'ms',
    ours: spreadOf(own[verb][measured]),
    peer: peer === null ? null : { name: peerName, spread: spreadOf(peer[verb][measured]) },
    budget: held,
  });
  const what = `${verb} of ${PROGRAMS} programs, startsecs=${startSeconds}`;
  const findings = [
    finding(what, 'command', 'supervisorctl', budget),
    finding('… at the daemon', 'daemon', 'supervisord'),
  ];
  // Of a restart alone, which ends one child for each that it starts, both are comparable.
  if (!isRestart) return findings;
  return [
    ...findings,
    finding('… processor of the daemon', 'processor', 'supervisord'),
    finding('… processor of its children', 'children', 'supervisord'),
  ];
}

function noSamples(): SamplesByVerb {
  const none = (): Samples => ({ command: [], daemon: [], processor: [], children: [] });
  return { start: none(), stop: none(), restart: none() };
}
