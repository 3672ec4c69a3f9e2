/** `fleetctl hosts`: the machines of the fleet. A lost host is shown; only `status` judges. */
import { FleetError, refusal } from '../../proto/errors.ts';
import type { ConnectionOptions, Environment } from '../ports.ts';
import { hostListItems, renderHostsTable } from '../render/hosts.ts';
import { type OutputFormat, renderList } from '../render/json.ts';
import { painter } from '../render/paint.ts';
import { refusalOfEmpty } from '../selection.ts';

export interface HostsOptions extends ConnectionOptions {
  /** Null: every host. */
  readonly selector: string | null;
  readonly output: OutputFormat;
}

export async function hosts(environment: Environment, options: HostsOptions): Promise<number> {
  const empty = refusalOfEmpty({ hosts: options.selector, processes: [] });
  if (empty !== null) throw new FleetError(empty);
  using client = await environment.dial(options);
  const found = await client.listHosts(options.selector ?? '');
  if (found.length === 0 && options.selector !== null) {
    throw new FleetError(
      refusal('nothing-matched', `no host matches ${JSON.stringify(options.selector)}`, {
        fix: 'fleetctl hosts shows all that there are',
      }),
    );
  }
  const { stdout, clock } = environment;
  if (options.output !== 'table') {
    stdout.write(renderList('HostList', hostListItems(found), options.output));
  } else if (found.length === 0) {
    stdout.write('no hosts have joined this fleet yet\n');
  } else {
    stdout.write(renderHostsTable(found, clock.nowMs(), painter(stdout.colours)));
  }
  return 0;
}
