/** The shell of an operator of a test's fleet, in which `fleetctl` is a command as after an install. */
import { existsSync } from 'node:fs';
import { type Fleet, makeFolder } from './harness.ts';

/** fleetctl in the PATH, configured for an operator who may do everything. */
export async function operatorEnvironment(fleet: Fleet): Promise<Readonly<Record<string, string>>> {
  if (!existsSync(fleet.path('bin'))) {
    makeFolder(fleet, 'bin');
    const fleetctl = `exec '${process.execPath}' '${fleet.path('programs', 'fleetctl.js')}' "$@"\n`;
    fleet.script('bin/fleetctl', fleetctl);
  }
  return {
    PATH: `${fleet.path('bin')}:${process.env['PATH'] ?? '/usr/bin:/bin'}`,
    HOME: fleet.folder,
    FLEETCTL_CONFIG: await fleet.writeOperatorConf(),
  };
}
