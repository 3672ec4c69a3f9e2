/**
 * What the demo shows and promises: a fleet comes up, one command restarts the web servers of all
 * production hosts, and every one of them answers as a new process; somebody else is refused what
 * their role does not allow; then two agents go, and the next ones find every process as it was. A
 * broken promise is an error.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type DemoFleet, localSocket, WEB_OPERATOR, writeFiles } from './files.ts';
import { type Fleet, type ProcessItem, programPath } from './fleet.ts';

/** @returns what runs at the end of it */
export async function tell(
  fleet: Fleet,
  plan: DemoFleet,
  folder: string,
): Promise<readonly ProcessItem[]> {
  const hosts = plan.hosts.map(({ host }) => host);
  say(`A controller and ${hosts.length} agents on this machine, all in ${folder}\n`);
  writeFiles(folder, plan);
  await step('certificates for all of them', () => fleet.issueCertificates());
  await step(`controller on 127.0.0.1:${plan.controllerPort}`, () => fleet.startController());
  fleet.startAgents();
  const names = `${hosts.slice(0, -1).join(', ')} and ${hosts.at(-1)}`;
  const before = await step(`agents ${names}`, () => fleet.untilEverythingRuns());

  await fleet.show('status');
  const restart = "restart web --hosts='prod-*'";
  const code = await fleet.show(restart);
  if (code !== 0) throw new Error(`fleetctl ${restart} ended with exit code ${code}`);
  await fleet.show("status web --hosts='prod-*'");

  say('\nAsked over HTTP, each web server is a new process, and dev-1 the old one:');
  const after = await fleet.untilEverythingRuns();
  for (const server of webServers(plan)) say(`  ${await verify(server, before, after)}`);
  await refuse(fleet, after);
  await replaceAgents(fleet, folder, after);
  return after;
}

/** Another operator asks for more than what is theirs; nothing of it may be done. */
async function refuse(fleet: Fleet, before: readonly ProcessItem[]): Promise<void> {
  say(`\n${WEB_OPERATOR} may restart the web servers, and asks for one thing more:`);
  const restart = `--context ${WEB_OPERATOR} restart web cache --hosts=prod-web-1`;
  const code = await fleet.show(restart);
  if (code !== EXIT_DENIED) {
    throw new Error(
      `fleetctl ${restart} should have been denied, and ended with exit code ${code}`,
    );
  }
  samePids('prod-web-1', before, await fleet.status());
}

/** One agent is killed, another hands over as for an upgrade; no process may notice. */
async function replaceAgents(
  fleet: Fleet,
  folder: string,
  before: readonly ProcessItem[],
): Promise<void> {
  const hosts = ['prod-web-1', 'prod-web-2'] as const;
  const [killed, upgraded] = hosts;
  say(`\nkill -9 for the agent of ${killed}; that of ${upgraded} hands over, as for an upgrade:`);
  fleet.killAgent(killed);
  const handover = `--local --socket ${shellWord(localSocket(folder, upgraded))} handover`;
  const code = await fleet.show(handover);
  if (code !== 0) throw new Error(`fleetctl ${handover} ended with exit code ${code}`);
  await fleet.untilAdopted(hosts);
  const after = await fleet.untilEverythingRuns();
  await fleet.show("hosts 'prod-web-[1-2]' -o wide");

  say('\nTheir programs have not noticed: the next agents have taken over the same processes:');
  for (const host of hosts) say(`  ${host}   ${samePids(host, before, after)}`);
}

/** Throws where a process of the host is not the one that it was. */
function samePids(
  host: string,
  before: readonly ProcessItem[],
  after: readonly ProcessItem[],
): string {
  const items = after.filter((item) => item.host === host);
  const texts = items.map(({ process, pid }) => {
    const old = before.find((item) => item.host === host && item.process === process)?.pid;
    if (pid !== old) throw new Error(`${host} ${process} was pid ${old} and is pid ${pid}`);
    return `${process} pid ${pid}`;
  });
  return texts.join(', ');
}

/** What to try next, as lines to paste. */
export function invite(plan: DemoFleet, folder: string, items: readonly ProcessItem[]): void {
  const port = plan.hosts[0]?.processes.get('web:web_0');
  const victim = items.find(({ host, process }) => host === 'dev-1' && process === 'web')?.pid;
  say(`
This fleet stays until Ctrl-C. To command it from another terminal:

  export FLEETCTL_CONFIG=${shellWord(join(folder, 'fleetctl.conf'))} XDG_STATE_HOME=${shellWord(folder)}
  alias fleetctl=${shellWord(shellWord(programPath('fleetctl')))}

  fleetctl status
  fleetctl restart all --hosts='@*!dev-1' --dry-run
  fleetctl restart all --hosts='@*!dev-1'
  fleetctl stop web --hosts='prod-web-[1-2]'
  fleetctl start web --hosts='prod-web-[1-2]' --reason='back from lunch'
  curl http://127.0.0.1:${port}

The agent of a host answers by itself too, in supervisorctl's words:

  fleetctl --local --socket ${shellWord(localSocket(folder, 'prod-web-1'))} status

${WEB_OPERATOR} may restart web servers and look at everything, no more:

  fleetctl --context ${WEB_OPERATOR} auth whoami
  fleetctl --context ${WEB_OPERATOR} restart all --hosts=prod-web-1 --allowed-only
  fleetctl audit list

A killed program is back at once; see its RESTARTS and new pid:

  kill -9 ${victim}; fleetctl status web --hosts=dev-1

A killed agent leaves its programs running, and so does one that has lost its records; the next one
takes them over, and says what was lost:

  pkill -KILL -f ${shellWord(join(folder, 'prod-web-3.conf'))}; rm ${shellWord(join(folder, 'prod-web-3'))}/journal.db*
  sleep 2; fleetctl hosts prod-web-3; fleetctl status --hosts=prod-web-3

What the programs of many hosts print, as one:

  fleetctl logs -f all --hosts='prod-*'
`);
}

interface WebServer {
  readonly host: string;
  readonly process: string;
  readonly port: number;
}

function webServers({ hosts }: DemoFleet): readonly WebServer[] {
  return hosts.flatMap(({ host, processes }) =>
    [...processes].flatMap(([process, port]) => (port === null ? [] : [{ host, process, port }])),
  );
}

/** The line about one web server; throws where it is not what was promised. */
async function verify(
  server: WebServer,
  before: readonly ProcessItem[],
  after: readonly ProcessItem[],
): Promise<string> {
  const url = `http://127.0.0.1:${server.port}`;
  const oldPid = pidOf(server, before);
  const newPid = pidOf(server, after);
  const answer = await answerOf(url);
  const name = `${server.host} ${server.process}`;
  if (!answer.endsWith(`pid ${newPid}`)) {
    throw new Error(`${url} should answer with pid ${newPid} of ${name}, but says ${answer}`);
  }
  const isMeant = server.host.startsWith('prod-');
  if ((newPid !== oldPid) !== isMeant) {
    throw new Error(`${name} was pid ${oldPid} and is pid ${newPid}`);
  }
  return `${url}   ${answer.padEnd(28)}   was ${oldPid}`;
}

function pidOf(server: WebServer, items: readonly ProcessItem[]): number | null {
  const { host, process } = server;
  return items.find((item) => item.host === host && item.process === process)?.pid ?? null;
}

/** A process counts as RUNNING after a second, when a slow machine may not listen yet. */
async function answerOf(url: string): Promise<string> {
  const giveUpAt = performance.now() + ANSWER_MAX_MS;
  for (;;) {
    try {
      const response = await fetch(url, { headers: { connection: 'close' } });
      return (await response.text()).trim();
    } catch (error) {
      if (performance.now() > giveUpAt) throw new Error(`${url} does not answer: ${error}`);
      await delay(100);
    }
  }
}

const EXIT_DENIED = 5;
const ANSWER_MAX_MS = 10_000;
const STEP_WIDTH = 72;

/** One line about what takes a while, with how long it took. */
async function step<Result>(text: string, work: () => Promise<Result>): Promise<Result> {
  const startedAt = performance.now();
  process.stdout.write(`  ${text.padEnd(STEP_WIDTH)} `);
  let took = '';
  try {
    const result = await work();
    took = `${((performance.now() - startedAt) / 1_000).toFixed(1)} s`;
    return result;
  } finally {
    say(took);
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** As a shell reads it back. */
function shellWord(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
