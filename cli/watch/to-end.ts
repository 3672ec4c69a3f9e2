/**
 * How every command that runs an operation watches it: what happens as it happens, and the truth
 * at the end, or where it is paused and only a person can make it go on. What is shown depends on who reads: a screen gets a live view, a log one line per
 * change, a program one document, and who wants quiet only what went wrong.
 */
import type { Operation } from '../../proto/operation.ts';
import type { OperationId } from '../../proto/vocabulary.ts';
import { exitCodeFor } from '../outcome.ts';
import type { Environment, Terminal } from '../ports.ts';
import { renderNoticeJson } from '../render/json.ts';
import { createLiveModel } from '../render/live/model.ts';
import { type LivePhase, renderLive } from '../render/live/view.ts';
import { renderEpilogue } from '../render/operation/epilogue.ts';
import { renderOperationJson } from '../render/operation/json.ts';
import { startProgress } from '../render/operation/progress.ts';
import { painter } from '../render/paint.ts';
import { createPainter, screenOf } from '../terminal/painter.ts';
import { follow, type WatchListener, type WatchPorts } from './follow.ts';

export interface Watching {
  /** Or as much of its beginning as no other operation shares. */
  readonly id: string;
  readonly output: 'table' | 'json';
  /** Nothing on stdout, and on stderr only what went wrong. A document that is asked for still comes. */
  readonly quiet: boolean;
  /** Called with its whole id whenever all of it is told. */
  readonly onSeen?: (id: OperationId) => void;
}

/** Resolves with the exit code once the operation has ended, or stands still until somebody says more. */
export async function watchToEnd(
  environment: Environment,
  ports: WatchPorts,
  watching: Watching,
): Promise<number> {
  const view = viewFor(environment, ports.fleetctl, watching);
  const listener: WatchListener = {
    onUpdate: (update) => {
      if (update.kind === 'operation') watching.onSeen?.(update.operation.id);
      view.onUpdate(update);
    },
    onBreak: view.onBreak,
  };
  let operation: Operation;
  try {
    operation = await follow(ports, watching.id, listener);
  } catch (caught) {
    view.leave();
    throw caught;
  }
  view.end(operation);
  return exitCodeFor(operation);
}

interface View extends WatchListener {
  readonly end: (operation: Operation) => void;
  /** The watching ends before the operation does. */
  readonly leave: () => void;
}

function viewFor(environment: Environment, fleetctl: string, watching: Watching): View {
  if (watching.output === 'json') return jsonView(environment, watching);
  if (watching.quiet) return quietView(environment, fleetctl);
  const { terminal } = environment;
  return terminal === null
    ? lineView(environment, fleetctl)
    : liveView(environment, terminal, fleetctl);
}

function jsonView({ stdout, stderr }: Environment, { quiet }: Watching): View {
  return {
    onUpdate: () => {},
    onBreak: (id) => {
      if (!quiet) stderr.write(renderNoticeJson(lostSight(id)));
    },
    end: (operation) => stdout.write(renderOperationJson(operation)),
    leave: () => {},
  };
}

/**
 * A break that heals is no trouble; one that does not is the error that ends the program. What was left
 * alone is told, since nobody should take it for done.
 */
function quietView({ stderr }: Environment, fleetctl: string): View {
  return {
    onUpdate: () => {},
    onBreak: () => {},
    end: (operation) => {
      const isSkipped = operation.targets.some(({ state }) => state === 'skipped');
      if (isSkipped || exitCodeFor(operation) !== 0) {
        stderr.write(renderEpilogue(operation, fleetctl));
      }
    },
    leave: () => {},
  };
}

function lineView({ stdout, stderr }: Environment, fleetctl: string): View {
  const progress = startProgress(painter(stdout.colours));
  return {
    onUpdate: (update) => {
      for (const line of progress.next(update)) stdout.write(`${line}\n`);
    },
    onBreak: (id) => stderr.write(`${lostSight(id)}\n`),
    end: (operation) => stdout.write(renderEpilogue(operation, fleetctl)),
    leave: () => {},
  };
}

function lostSight(id: string): string {
  return `lost sight of operation ${id}, which goes on; looking for the controller again`;
}

/** Fast enough to look live, slow enough that ten thousand targets cost next to nothing. */
const FRAME_MS = 100;
/** While nothing changes only the elapsed time does, which is shown in seconds. */
const IDLE_FRAME_MS = 1_000;

function liveView({ stdout, clock }: Environment, terminal: Terminal, fleetctl: string): View {
  const model = createLiveModel();
  const screen = createPainter(stdout, terminal);
  const paint = painter(stdout.colours);
  const now = () => ({ monotonicMs: clock.monotonicMs(), wallMs: clock.nowMs() });
  let hasNews = false;
  let paintedMs = Number.NEGATIVE_INFINITY;

  const frame = (phase: LivePhase): readonly string[] => {
    const picture = model.picture();
    const at = { ...screenOf(terminal), nowMs: clock.monotonicMs(), fleetctl };
    return picture === null ? [] : renderLive(picture, at, paint, phase);
  };
  const repaint = () => {
    screen.paint(frame('running'));
    hasNews = false;
    paintedMs = clock.monotonicMs();
  };
  const ticking = clock.every(FRAME_MS, () => {
    const shownMs = clock.monotonicMs() - paintedMs;
    if (hasNews || shownMs >= IDLE_FRAME_MS) repaint();
  });
  const resizing = terminal.onResize(repaint);
  const resuming = terminal.onResume(() => {
    screen.startOver();
    repaint();
  });
  const close = (phase: LivePhase) => {
    ticking[Symbol.dispose]();
    resizing[Symbol.dispose]();
    resuming[Symbol.dispose]();
    screen.finish(frame(phase));
  };
  return {
    onUpdate: (update) => {
      const isFirst = model.picture() === null;
      model.note(update, now());
      hasNews = true;
      if (isFirst) repaint();
    },
    onBreak: () => {
      model.loseSight(now());
      hasNews = true;
    },
    end: (operation) => {
      close('ended');
      stdout.write(renderEpilogue(operation, fleetctl));
    },
    leave: () => close('left'),
  };
}
