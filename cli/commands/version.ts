/** `fleetctl version`: of both ends, since a fleet is upgraded one program at a time. */
import { FleetError } from '../../proto/errors.ts';
import { PRODUCT_VERSION, PROTOCOL_VERSION } from '../../proto/version.ts';
import type { ConnectionOptions, Environment } from '../ports.ts';
import { type OutputFormat, renderDocument } from '../render/json.ts';
import { neutralise } from '../render/text.ts';

export interface VersionOptions extends ConnectionOptions {
  readonly output: Exclude<OutputFormat, 'jsonl'>;
}

interface ProgramVersion {
  readonly version: string;
  readonly protocolVersion: number;
}

const OWN: ProgramVersion = { version: PRODUCT_VERSION, protocolVersion: PROTOCOL_VERSION };

/** Our own version is shown even where no controller answers; the refusal follows it. */
export async function version(environment: Environment, options: VersionOptions): Promise<number> {
  const { controller, failure } = await controllerVersion(environment, options);
  const { stdout } = environment;
  if (options.output === 'json') {
    stdout.write(renderDocument('Version', { client: OWN, controller }));
  } else {
    stdout.write(line('fleetctl', OWN));
    if (controller !== null) stdout.write(line(`controller ${controller.address}`, controller));
  }
  if (failure !== null) throw failure;
  return 0;
}

async function controllerVersion(environment: Environment, options: ConnectionOptions) {
  try {
    using client = await environment.dial(options);
    return { controller: { address: client.address, ...client.controller }, failure: null };
  } catch (caught) {
    return { controller: null, failure: new FleetError(FleetError.refusalFrom(caught)) };
  }
}

function line(program: string, { version, protocolVersion }: ProgramVersion): string {
  return `${neutralise(program)}: ${neutralise(version)} (protocol ${protocolVersion})\n`;
}
