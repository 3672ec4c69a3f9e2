/** `fleetctl host remove` and `host readmit`: whether anybody may be in the fleet under a name. */
import { FleetError, refusal } from '../../../proto/errors.ts';
import { isIdentityName } from '../../../proto/identity-name.ts';
import type { ConnectionOptions, ControlClient, Environment } from '../../ports.ts';
import { renderDocument } from '../../render/json.ts';
import { counted } from '../../render/status/summary.ts';
import { neutralise } from '../../render/text.ts';
import { confirm } from '../confirm.ts';

export interface HostOptions extends ConnectionOptions {
  readonly host: string;
  readonly reason: string;
  readonly output: 'table' | 'json';
}

export async function removeHost(
  environment: Environment,
  { host, reason, output, yes, ...connection }: HostOptions & { readonly yes: boolean },
): Promise<number> {
  checkName(host, 'remove');
  const { stdout } = environment;
  using client = await environment.dial(connection);
  await confirm(environment, { yes, question: () => questionFor(client, host) });
  const removed = await (await client.authority()).removeHost({ host, reason });
  const { processes, wasConnected } = removed;
  stdout.write(
    output === 'json'
      ? renderDocument('RemovedHost', { host, processes, wasConnected })
      : `removed ${host} and ${countText(processes)} known of it; what runs there goes on\nnext: fleetctl host readmit ${host} lets that name join again, with a new token\n`,
  );
  return 0;
}

export async function readmitHost(
  environment: Environment,
  { host, reason, output, ...connection }: HostOptions,
): Promise<number> {
  checkName(host, 'readmit');
  using client = await environment.dial(connection);
  const was = await (await client.authority()).readmitHost({ host, reason });
  environment.stdout.write(
    output === 'json'
      ? renderDocument('ReadmittedHost', { host, was: was === '' ? null : was })
      : renderReadmitted(host, was),
  );
  return 0;
}

function renderReadmitted(host: string, was: string): string {
  if (was === '') return `nothing stood against ${host}\n`;
  if (was === 'removed') {
    return [
      `the name ${host} is free again; what was issued for it before counts no more`,
      `next: fleetctl token create --hosts ${host}, and there fleet-agent join --replace`,
      '',
    ].join('\n');
  }
  const asks = was === 'expired' ? '; its agent asks about once a minute' : '';
  return `${host} may come back: it was ${neutralise(was)}${asks}\n`;
}

async function questionFor(client: ControlClient, host: string): Promise<string> {
  const found = await client.listProcesses({ hosts: host, processes: [] }).catch(() => null);
  const one = found?.hosts.find((each) => each.host === host);
  const connected = one === undefined ? 'not known' : one.connected ? 'connected' : 'not connected';
  const count = found?.processes.length ?? 0;
  return `remove ${host} (${connected}, ${countText(count)} known)? Its certificates count no more, and nothing of that name gets in until it is readmitted. [y/N] `;
}

const countText = (processes: number): string => counted(processes, 'process', 'processes');

function checkName(host: string, command: string): void {
  if (isIdentityName(host)) return;
  throw new FleetError(
    refusal('usage', `${JSON.stringify(host.slice(0, 100))} is not the name of one host`, {
      cause: `host ${command} takes one name, and no expressions`,
      fix: 'fleetctl hosts shows the names',
    }),
  );
}
