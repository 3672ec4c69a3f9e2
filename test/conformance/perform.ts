/** Does a row's steps on one stage, in order. What does not come to be so is a fact as well. */
import type { Fact, Step } from './row.ts';
import type { Stage } from './stage.ts';
import { sleep, waitUntil } from './wait.ts';

/** Longer than the longest wait of a row on a busy machine. */
const UNTIL_MS_MAX = 20_000;

/** A daemon that has no reason to end within this does not end. */
const SECOND_DAEMON_MS_MAX = 5_000;

export async function performSteps(stage: Stage, steps: readonly Step[]): Promise<readonly Fact[]> {
  for (const step of steps) await perform(stage, step);
  return stage.facts();
}

async function perform(stage: Stage, step: Step): Promise<void> {
  switch (step.do) {
    case 'until': {
      const { process, state, times } = step;
      const isSo = () => count(stage, process, state) >= times;
      return need(stage, isSo, `${process} ${state}${times === 1 ? '' : ` ${times} times`}`);
    }
    case 'untilFile':
      return need(
        stage,
        () => stage.readFile(stage.fill(step.path)).includes(stage.fill(step.has)),
        `${step.path} has ${step.has}`,
      );
    case 'pause':
      return sleep(step.seconds * 1_000);
    case 'ctl':
      return stage.control(step.words, step.mode);
    case 'shell':
      return stage.shell(step.command, step.fact);
    case 'signalProcess': {
      const pid = stage.pidOf(step.process);
      if (pid === null) return stage.add('not done', `${step.process} has no pid`);
      return void process.kill(pid, step.signal);
    }
    case 'signalDaemon':
      return stage.daemon.signal(step.signal);
    case 'write':
      return stage.write(step.path, step.text);
    case 'configure':
      return stage.configure(step.conf);
    case 'daemonEnds':
      return stage.daemonEnds(UNTIL_MS_MAX, step.isTimed);
    case 'daemonNow':
      return stage.add('daemon now', stage.daemon.ending ?? 'runs');
    case 'daemonRefuses':
      await stage.daemonEnds(UNTIL_MS_MAX, false);
      return stage.add('daemon said', stage.complaint());
    case 'startDaemon':
      return stage.startDaemon();
    case 'secondDaemon':
      return stage.secondDaemon(SECOND_DAEMON_MS_MAX);
  }
}

async function need(stage: Stage, isSo: () => boolean, what: string): Promise<void> {
  // Where the daemon is gone and cannot come back by itself, waiting shows nothing more.
  const isDecided = () => isSo() || stage.daemon.ending !== null;
  await waitUntil(isDecided, UNTIL_MS_MAX);
  if (!isSo()) stage.add('did not happen', what);
}

/** Only new arrivals in the state count: an agent also tells of a new pid in the same one. */
function count(stage: Stage, process: string, state: string): number {
  const own = stage.changes().filter((change) => change.process === process);
  return own.filter((change, index) => change.state === state && own[index - 1]?.state !== state)
    .length;
}
