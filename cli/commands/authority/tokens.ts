/**
 * `fleetctl token`: lets hosts and people in, once each. What lets them in goes to stdout alone, or
 * into a file; everything that is said about it goes to stderr.
 */
import type { TokenRequest, TokenSummary } from '../../../proto/certificates.ts';
import { FleetError, type Refusal, refusal } from '../../../proto/errors.ts';
import { IDENTITY_NAME_RULE, isIdentityName } from '../../../proto/identity-name.ts';
import type { Labels } from '../../../proto/vocabulary.ts';
import type { AuthorityClient, MadeToken } from '../../authority-ports.ts';
import type { ConnectionOptions, Environment } from '../../ports.ts';
import { newTokenLines, renderTokens, tokenItem } from '../../render/authority/tokens.ts';
import { renderDocument, renderList } from '../../render/json.ts';
import { painter } from '../../render/paint.ts';

export interface CreateTokenOptions extends ConnectionOptions {
  readonly ttlMs: number;
  /** A glob of host names; null: not given. */
  readonly hosts: string | null;
  /** A name; null: it is for a host. */
  readonly operator: string | null;
  readonly labels: Labels | null;
  readonly replace: boolean;
  /** Where the join string goes; null: stdout. */
  readonly file: string | null;
  readonly format: 'text' | 'json';
}

/** Who says nothing of names lets in one host, whatever it is called. */
const ANY_HOST = '*';

export async function createToken(
  environment: Environment,
  options: CreateTokenOptions,
): Promise<number> {
  const wrong = refusalOfOptions(options);
  if (wrong !== null) throw new FleetError(wrong);
  const { file, format } = options;
  // Before there is a secret that could be lost.
  if (file !== null && (await environment.ownFiles.read(file)) !== null) throw isThere(file);
  using client = await environment.dial(options);
  const authority = await client.authority();
  const made = await authority.createToken(requestOf(options));
  if (file !== null) await writeJoinString(environment, authority, made, file);
  const { stdout, stderr, clock } = environment;
  const { token, joinString } = made;
  if (format === 'json') {
    const secret = file === null ? joinString : null;
    stdout.write(
      renderDocument('Token', { ...tokenItem(token, clock.nowMs()), joinString: secret }),
    );
    return 0;
  }
  if (file === null) stdout.write(`${joinString}\n`);
  for (const line of newTokenLines(token, file, clock.nowMs())) stderr.write(`${line}\n`);
  return 0;
}

function requestOf({ ttlMs, hosts, operator, labels, replace }: CreateTokenOptions): TokenRequest {
  const whom =
    operator === null
      ? { kind: 'agent' as const, names: hosts ?? ANY_HOST }
      : { kind: 'operator' as const, names: operator };
  return { ...whom, labels: labels ?? {}, replaces: replace, ttlMs };
}

/** A join string that nobody has must not let anybody in. */
async function writeJoinString(
  { ownFiles }: Environment,
  authority: AuthorityClient,
  { token, joinString }: MadeToken,
  file: string,
): Promise<void> {
  try {
    await ownFiles.create(file, `${joinString}\n`);
  } catch (caught) {
    await authority.revokeToken(token.id).catch(() => {});
    throw caught;
  }
}

export interface ListTokensOptions extends ConnectionOptions {
  readonly all: boolean;
  readonly output: 'table' | 'json' | 'jsonl';
}

export async function listTokens(
  environment: Environment,
  { all, output, ...connection }: ListTokensOptions,
): Promise<number> {
  const { stdout, clock } = environment;
  using client = await environment.dial(connection);
  const tokens = await (await client.authority()).listTokens(all);
  stdout.write(renderedList(tokens, output, environment, clock.nowMs()));
  return 0;
}

function renderedList(
  tokens: readonly TokenSummary[],
  output: ListTokensOptions['output'],
  { stdout }: Environment,
  nowMs: number,
): string {
  if (output === 'table') return renderTokens(tokens, nowMs, painter(stdout.colours));
  const items = tokens.map((token) => tokenItem(token, nowMs));
  return renderList('TokenList', items, output);
}

export interface RevokeTokenOptions extends ConnectionOptions {
  readonly id: string;
  readonly output: 'table' | 'json';
}

export async function revokeToken(
  environment: Environment,
  { id, output, ...connection }: RevokeTokenOptions,
): Promise<number> {
  if (!/^[\da-f]{1,64}$/i.test(id)) throw new FleetError(noTokenId());
  const { stdout, clock } = environment;
  using client = await environment.dial(connection);
  const token = await (await client.authority()).revokeToken(id.toLowerCase());
  stdout.write(
    output === 'json'
      ? renderDocument('Token', tokenItem(token, clock.nowMs()))
      : `token ${token.id.replace(/[^\da-f]/g, '')} lets nobody in any more\n`,
  );
  return 0;
}

function refusalOfOptions({ hosts, operator, labels }: CreateTokenOptions): Refusal | null {
  if (operator !== null && hosts !== null) {
    return refusal('usage', '--hosts and --operator contradict each other', {
      cause: 'a token lets in one host or one person',
      fix: 'leave one of them out',
    });
  }
  if (operator !== null && labels !== null) {
    return refusal('usage', '--labels are of hosts, and --operator is a person', {
      fix: 'leave one of them out',
    });
  }
  if (operator !== null && !isIdentityName(operator)) {
    return refusal('usage', `${JSON.stringify(operator.slice(0, 80))} cannot name an operator`, {
      cause: `such a name is ${IDENTITY_NAME_RULE}`,
      fix: 'as in --operator alice',
    });
  }
  if (hosts !== null && hosts.trim() === '') {
    return refusal('usage', 'the pattern of --hosts is empty', {
      cause: 'an empty pattern never means everything',
      fix: "leave it out, or say --hosts '*' for any name",
    });
  }
  return null;
}

function isThere(file: string): FleetError {
  return new FleetError(
    refusal('usage', `${file} is there already`, {
      cause: 'nothing is written over, and no token was made',
      fix: 'name another file, or remove it',
    }),
  );
}

/** What was typed is not repeated: it may be a join string. */
function noTokenId(): Refusal {
  return refusal('usage', 'that is not the id of a token', {
    cause: 'an id is 8 digits from 0 to f, as token list shows it; never the join string',
    fix: 'fleetctl token list',
  });
}
