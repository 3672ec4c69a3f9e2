/**
 * Health checks, with the meanings that compose files have: a running process is `starting` until
 * its check has passed once, then `healthy`, and `unhealthy` after `retries` failures in a row. It
 * may take as long to pass for the first time as that many checks take. Nothing is restarted by it:
 * status shows it, operations wait for it, and so do the starts that depend on it.
 *
 * Ours: until it has passed once, it is looked at every second and not once an interval, so that
 * nobody waits half a minute for a program that was ready after two seconds.
 */
import type { Instant } from '../../proto/instant.ts';
import type { HealthCheck, ProcessDefinition } from './definition.ts';
import type { ProbeResult } from './observe.ts';
import type { HealthRecord, ProcessEffect } from './process.ts';

const FIRST_INTERVAL_MS = 1_000;

/** Of a process that is RUNNING from now on, or is checked from now on. */
export function beginHealth(
  { healthCheck }: ProcessDefinition,
  { monotonicMs }: Instant,
): HealthRecord | null {
  if (healthCheck === null) return null;
  return { health: 'starting', failures: 0, error: null, sinceMonotonicMs: monotonicMs };
}

type Probe = Extract<ProcessEffect, { readonly kind: 'probe' }>;

export function probeOf(record: HealthRecord | null, delayMs: number): readonly Probe[] {
  if (record === null) return [];
  return [{ kind: 'probe', delayMs, sinceMonotonicMs: record.sinceMonotonicMs }];
}

export function judgeProbe(
  before: HealthRecord,
  check: HealthCheck,
  result: ProbeResult,
  { monotonicMs }: Instant,
): HealthRecord {
  if (result.isPassing) return { ...before, health: 'healthy', failures: 0, error: null };
  const failures = before.failures + 1;
  const failing = { ...before, failures, error: result.error };
  const isOver =
    before.health === 'starting'
      ? monotonicMs - before.sinceMonotonicMs >= check.intervalMs * check.retries
      : failures >= check.retries;
  return isOver ? { ...failing, health: 'unhealthy' } : failing;
}

export function nextProbeMs({ health }: HealthRecord, { intervalMs }: HealthCheck): number {
  return health === 'starting' ? Math.min(FIRST_INTERVAL_MS, intervalMs) : intervalMs;
}
