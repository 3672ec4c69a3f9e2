/** Single dependencies that can never come true, or that come true otherwise than was meant. */
import type { Findings, Subject } from '../../proto/dialect/problem.ts';
import type { DependencyCondition, ProcessDefinition } from '../core/definition.ts';

interface OneNeed {
  readonly dependent: ProcessDefinition;
  readonly target: ProcessDefinition;
  readonly condition: DependencyCondition;
  readonly subject: Subject;
}

export function checkNeed(need: OneNeed, findings: Findings): void {
  const { dependent, target, condition, subject } = need;
  const { program } = target;
  if (condition === 'healthy' && target.healthCheck === null) {
    const hint = `give [program:${program}] a healthcheck, or be content with ${program} started`;
    findings.error(subject, `${program} has no healthcheck, so it never becomes healthy`, hint);
  }
  if (condition === 'completed') checkJob(need, findings);
  if (isLater(target, dependent)) {
    const waits = dependent.tierWaitMs / 1000;
    const message = `${program} is in a later tier (${tierText(target)}) than ${dependent.program} (${tierText(dependent)}), which is begun only when the tier_wait of the earlier has run out (${waits} s)`;
    findings.warning(subject, message, 'lower starts first: exchange them, or make them equal');
  }
  if (dependent.autostart && !target.autostart) {
    const message = `${program} has autostart = false, and dependencies start nothing: at boot ${dependent.program} waits until somebody starts ${program}`;
    findings.warning(subject, message);
  }
}

function checkJob({ target, subject }: OneNeed, findings: Findings): void {
  const { program, autorestart, startMs } = target;
  if (autorestart === 'always') {
    const message = `${program} has autorestart = true, so it is started again whenever it has completed`;
    findings.warning(subject, message, `unexpected or false is for what is to end`);
  }
  if (startMs > 0) {
    const message = `if ${program} ends within its startsecs (${startMs / 1000} s), that is a failed start and never completes it`;
    findings.notice(subject, message, `startsecs = 0 in [program:${program}] counts every end`);
  }
}

const isLater = (target: ProcessDefinition, dependent: ProcessDefinition): boolean =>
  target.groupPriority > dependent.groupPriority ||
  (target.groupPriority === dependent.groupPriority && target.priority > dependent.priority);

function tierText({ groupPriority, priority }: ProcessDefinition): string {
  return groupPriority === priority
    ? `priority ${priority}`
    : `priority ${priority} in a group of ${groupPriority}`;
}
