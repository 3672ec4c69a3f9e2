/**
 * How every command that runs an operation watches it: what happens as it happens, and the truth
 * at the end. What is shown depends on who reads: a screen gets a live view, a log one line per
 * change, a program one document, and who wants quiet only what went wrong.
 */
import type { Operation, OperationId } from '../proto/vocabulary.ts';
import { outcomeOf } from './outcome.ts';
import type { Environment, Terminal } from './ports.ts';
import { renderEpilogue } from './render/epilogue.ts';
import { renderNoticeJson } from './render/json.ts';
import { createLiveModel } from './render/live-model.ts';
import { type LivePhase, renderLive } from './render/live-view.ts';
import { renderOperationJson } from './render/operation-json.ts';
import { painter } from './render/paint.ts';
import { startProgress } from './render/progress.ts';
import { createPainter, screenOf } from './terminal-painter.ts';
import { follow, type WatchListener, type WatchPorts } from './watch.ts';

export interface Watching {
  readonly id: OperationId;
  readonly output: 'table' | 'json';
  /** Nothing on stdout, and on stderr only what went wrong. A document that is asked for still comes. */
  readonly quiet: boolean;
}

/** Resolves with the exit code once the operation has ended. */
export async function watchToEnd(
  environment: Environment,
  ports: WatchPorts,
  watching: Watching,
): Promise<number> {
  const view = viewFor(environment, ports.fleetctl, watching);
  let operation: Operation;
  try {
    operation = await follow(ports, watching.id, view);
  } catch (caught) {
    view.leave();
    throw caught;
  }
  view.end(operation);
  return outcomeOf(operation).exitCode;
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
    ? lineView(environment, fleetctl, watching.id)
    : liveView(environment, terminal, fleetctl);
}

function jsonView({ stdout, stderr }: Environment, { id, quiet }: Watching): View {
  return {
    onUpdate: () => {},
    onBreak: () => {
      if (!quiet) stderr.write(renderNoticeJson(lostSight(id)));
    },
    end: (operation) => stdout.write(renderOperationJson(operation)),
    leave: () => {},
  };
}

/** A break that heals is no trouble; one that does not is the error that ends the program. */
function quietView({ stderr }: Environment, fleetctl: string): View {
  return {
    onUpdate: () => {},
    onBreak: () => {},
    end: (operation) => {
      if (outcomeOf(operation).exitCode !== 0) stderr.write(renderEpilogue(operation, fleetctl));
    },
    leave: () => {},
  };
}

function lineView({ stdout, stderr }: Environment, fleetctl: string, id: OperationId): View {
  const progress = startProgress(painter(stdout.colours));
  return {
    onUpdate: (update) => {
      for (const line of progress.next(update)) stdout.write(`${line}\n`);
    },
    onBreak: () => stderr.write(`${lostSight(id)}\n`),
    end: (operation) => stdout.write(renderEpilogue(operation, fleetctl)),
    leave: () => {},
  };
}

function lostSight(id: OperationId): string {
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
    const at = { ...screenOf(terminal), nowMs: clock.monotonicMs() };
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
  const close = (phase: LivePhase) => {
    ticking[Symbol.dispose]();
    resizing[Symbol.dispose]();
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
