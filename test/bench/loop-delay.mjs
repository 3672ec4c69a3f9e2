// Loaded into a controller before its own code: measures how late its event loop comes round, and
// on SIGUSR2 writes what it has seen to LOOP_DELAY_FILE and begins anew. In milliseconds.
import { renameSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 10;

const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();

/** The timer that measures is itself that long. */
const late = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);

process.on('SIGUSR2', () => {
  const { LOOP_DELAY_FILE: path } = process.env;
  const seen = { p50: late(delay.percentile(50)), p99: late(delay.percentile(99)) };
  writeFileSync(`${path}.partial`, JSON.stringify({ ...seen, max: late(delay.max) }));
  renameSync(`${path}.partial`, path);
  delay.reset();
});
