/** `fleetctl auth whoami` and `auth can`: whom the controller takes one for, and what that one may do. */
import { ACTIONS, type Action, isAction, isFleetAction } from '../../../proto/authority.ts';
import { nearest } from '../../../proto/dialect/did-you-mean.ts';
import { exitCodeOf, FleetError, refusal } from '../../../proto/errors.ts';
import { parseSignalName } from '../../../proto/signal-name.ts';
import { resolveHosts } from '../../hosts-expression.ts';
import type { ConnectionOptions, Environment } from '../../ports.ts';
import { accessFields, renderAccess } from '../../render/authority/access.ts';
import { renderWhoIAm, whoIAmFields } from '../../render/authority/who.ts';
import { renderDocument } from '../../render/json.ts';
import { painter } from '../../render/paint.ts';
import { refusalOfEmpty } from '../../selection.ts';

export interface WhoAmIOptions extends ConnectionOptions {
  readonly output: 'table' | 'json';
}

export async function whoAmI(environment: Environment, options: WhoAmIOptions): Promise<number> {
  const { stdout, clock } = environment;
  using client = await environment.dial(options);
  const who = await (await client.authority()).whoAmI();
  stdout.write(
    options.output === 'json'
      ? renderDocument('WhoAmI', whoIAmFields(who))
      : renderWhoIAm(who, clock.nowMs()),
  );
  return 0;
}

export interface CanOptions extends ConnectionOptions {
  /** As typed. */
  readonly verb: string;
  /** Only with the verb `signal`; null: some signal or other. */
  readonly signal: string | null;
  readonly processes: readonly string[];
  readonly hosts: string | null;
  /** Another operator; null: oneself. */
  readonly as: string | null;
  readonly output: 'table' | 'json';
}

/** Exit code 0 if all of it is allowed, and that of a refusal if not. */
export async function can(environment: Environment, options: CanOptions): Promise<number> {
  const action = actionOf(options.verb);
  const wrong = refusalOf(action, options);
  if (wrong !== null) throw new FleetError(wrong);
  const signal = options.signal === null ? null : parseSignalName(options.signal);
  if (signal !== null && typeof signal !== 'string') throw new FleetError(signal);
  const { processes, as, output } = options;
  const hosts = await resolveHosts(options.hosts ?? '', environment.readText);
  using client = await environment.dial(options);
  const query = { action, signal, hosts, processes, as };
  const report = await (await client.authority()).checkAccess(query);
  const { stdout } = environment;
  stdout.write(
    output === 'json'
      ? renderDocument('AccessReport', accessFields(query, report))
      : renderAccess(query, report, painter(stdout.colours)),
  );
  const isAllowed = report.isAllowed && report.decisions.every((decision) => decision.isAllowed);
  return isAllowed ? 0 : exitCodeOf('denied');
}

function actionOf(verb: string): Action {
  if (isAction(verb)) return verb;
  const near = nearest(verb, ACTIONS);
  throw new FleetError(
    refusal('usage', `${JSON.stringify(verb)} is nothing that roles allow`, {
      cause: `they allow ${ACTIONS.join(', ')}`,
      fix: near === null ? 'fleetctl auth whoami shows yours' : `did you mean ${near}?`,
    }),
  );
}

function refusalOf(action: Action, { hosts, processes, signal }: CanOptions) {
  if (signal !== null && action !== 'signal') {
    return refusal('usage', `--signal says nothing about ${action}`, { fix: 'leave it out' });
  }
  if (isFleetAction(action)) {
    if (hosts === null && processes.length === 0) return null;
    return refusal('usage', `${action} is about the whole fleet, never about a part of it`, {
      fix: `fleetctl auth can ${action}`,
    });
  }
  if (hosts !== null) return refusalOfEmpty({ hosts, processes });
  return refusal('usage', `auth can ${action} needs --hosts`, {
    cause: 'what one may do differs from host to host',
    fix: `fleetctl auth can ${action} --hosts 'prod-*', or --hosts '@*' for the whole fleet`,
  });
}
