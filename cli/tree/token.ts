/** `token create`, `token list` and `token revoke`. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { labels } from '../../proto/dialect/values.ts';
import type { Labels } from '../../proto/vocabulary.ts';
import { outputFile, outputFormat } from './file-output.ts';
import { type Actions, connection, outputOption, withExamples } from './shared.ts';
import { parseDurationMs } from './values.ts';

const TTL = '1h';

interface CreateFlags {
  readonly ttl: number;
  readonly hosts?: string;
  readonly operator?: string;
  readonly labels?: Labels;
  readonly replace?: boolean;
  readonly output?: string;
  readonly o: 'text' | 'json';
}

export function addToken(group: Command, actions: Actions): void {
  addCreate(group, actions);
  addList(group, actions);
  addRevoke(group, actions);
  withExamples(group, [
    "fleetctl token create --hosts 'web-*' --output join",
    'fleetctl token create --operator alice --output alice.token',
  ]);
}

function addCreate(parent: Command, { environment, finish }: Actions): void {
  const command = parent
    .command('create')
    .summary('make what lets in one host, or one person')
    .description(
      'Makes what lets one host or one person into the fleet, once. It is a secret: whoever has it can join. It alone goes to stdout.',
    )
    .addOption(
      new Option('--ttl <duration>', 'how long it can be used: 10m, 1h, at most 7d')
        .argParser(parseTtlMs)
        .default(parseTtlMs(TTL), TTL),
    )
    .option(
      '--hosts <pattern>',
      'only for a host of such a name, as web-*; without it, of every name',
    )
    .option('--operator <name>', 'for this person instead of a host')
    .addOption(
      new Option(
        '--labels <pairs>',
        'the host has these, whatever its agent says: env="prod",…',
      ).argParser(parseLabels),
    )
    .option('--replace', 'the name may be in the fleet already; what it has is revoked then')
    .addOption(outputFile('write it to a new file that only you can read'))
    .addOption(outputFormat(['text', 'json']))
    .action(async () => {
      const { createToken } = await import('../commands/authority/tokens.ts');
      const flags = command.opts<CreateFlags>();
      finish.exitCode = await createToken(environment, {
        ...connection(command),
        ttlMs: flags.ttl,
        hosts: flags.hosts ?? null,
        operator: flags.operator ?? null,
        labels: flags.labels ?? null,
        replace: flags.replace ?? false,
        file: flags.output ?? null,
        format: flags.o,
      });
    });
  withExamples(command, [
    "fleetctl token create --hosts 'web-*' --labels 'env=\"prod\"' --output join",
    'fleetctl token create --hosts web-7 --replace --ttl 10m --output join',
    'fleetctl token create --operator alice --output alice.token',
  ]);
}

function addList(parent: Command, { environment, finish }: Actions): void {
  const command = parent
    .command('list')
    .summary('list tokens that can be used')
    .option('--all', 'also those that cannot be used any more')
    .addOption(outputOption(['table', 'json', 'jsonl']))
    .action(async () => {
      const { listTokens } = await import('../commands/authority/tokens.ts');
      const flags = command.opts<{ all?: boolean; output: 'table' | 'json' | 'jsonl' }>();
      const { all = false, output } = flags;
      finish.exitCode = await listTokens(environment, { ...connection(command), all, output });
    });
}

function addRevoke(parent: Command, { environment, finish }: Actions): void {
  const command = parent
    .command('revoke')
    .summary('let nobody in by a token any more')
    .argument('<id>', 'as token list shows it')
    .addOption(outputOption(['table', 'json']))
    .action(async (id: string) => {
      const { revokeToken } = await import('../commands/authority/tokens.ts');
      const { output } = command.opts<{ output: 'table' | 'json' }>();
      finish.exitCode = await revokeToken(environment, { ...connection(command), id, output });
    });
}

/** What lies around for longer is found by somebody else. */
const TTL_MAX_MS = 7 * 86_400_000;

function parseTtlMs(text: string): number {
  const ttlMs = parseDurationMs(text);
  if (ttlMs > 0 && ttlMs <= TTL_MAX_MS) return ttlMs;
  throw new InvalidArgumentError('Expected is a time from 1s to 7d.');
}

/** As in the configuration of an agent. */
function parseLabels(text: string): Labels {
  const parsed = labels.parse(text, { here: '/', home: null });
  if (parsed.ok) return parsed.value;
  throw new InvalidArgumentError(
    `${'why' in parsed ? parsed.why : `Expected is ${labels.expected}`}.`,
  );
}
