/**
 * The daemons' own log: one JSON object a line on stderr, written synchronously so that the last
 * lines before a crash are there. The level comes from `FLEETVISOR_LOG` (default info).
 */
import { destination, type Logger, pino } from 'pino';

const STDERR = 2;

export function createLog(name: string, level: string | undefined): Logger {
  return pino(
    { name, level: level ?? 'info', timestamp: () => `,"time":"${new Date().toISOString()}"` },
    destination({ fd: STDERR, sync: true }),
  );
}
