/** `cert list`, `show`, `revoke`, `requests` and `add`. */
import type { Command } from 'commander';
import { outputFile, outputFormat } from './file-output.ts';
import { type Actions, connection, outputOption, withExamples } from './shared.ts';

const WHICH = 'agent/NAME, operator/NAME, or (the beginning of) a fingerprint';

export function addCert(group: Command, actions: Actions): void {
  addList(group, actions);
  addShow(group, actions);
  addRevoke(group, actions);
  addRequests(group, actions);
  addAdd(group, actions);
  withExamples(group, [
    'fleetctl cert list',
    'fleetctl cert show agent/web-1',
    "fleetctl cert revoke operator/bob --reason 'left us'",
  ]);
}

interface ListFlags {
  readonly all?: boolean;
  readonly output: 'table' | 'wide' | 'json' | 'jsonl';
}

function addList(parent: Command, { environment, finish }: Actions): void {
  const command = parent
    .command('list')
    .summary('list certificates, and how long each still counts')
    .argument('[holder]', WHICH)
    .option('--all', 'also those that do not count any more')
    .addOption(outputOption(['table', 'wide', 'json', 'jsonl']))
    .action(async (holder?: string) => {
      const { listCertificates } = await import('../commands/authority/certificates.ts');
      const { all = false, output } = command.opts<ListFlags>();
      finish.exitCode = await listCertificates(environment, {
        ...connection(command),
        holder: holder ?? null,
        all,
        output,
      });
    });
  withExamples(command, ['fleetctl cert list', 'fleetctl cert list operator/alice --all']);
}

function addShow(parent: Command, { environment, finish }: Actions): void {
  const command = parent
    .command('show')
    .summary('show everything that is known of a certificate')
    .argument('<which>', WHICH)
    .addOption(outputOption(['table', 'json']))
    .action(async (which: string) => {
      const { showCertificate } = await import('../commands/authority/certificates.ts');
      const { output } = command.opts<{ output: 'table' | 'json' }>();
      finish.exitCode = await showCertificate(environment, {
        ...connection(command),
        which,
        output,
      });
    });
}

interface RevokeFlags {
  readonly reason?: string;
  readonly yes?: boolean;
  readonly output: 'table' | 'json';
}

function addRevoke(parent: Command, { environment, finish }: Actions): void {
  const command = parent
    .command('revoke')
    .summary('make a certificate, or all of a holder, count no more')
    .description(
      'Makes one certificate count no more, or everything that was issued to somebody until now. It ends their connections, and cannot be taken back.',
    )
    .argument('<which>', WHICH)
    .option('--reason <text>', 'why, for those who read the record')
    .option('-y, --yes', 'do not ask')
    .addOption(outputOption(['table', 'json']))
    .action(async (which: string) => {
      const { revokeCertificates } = await import('../commands/authority/revoke.ts');
      const flags = command.opts<RevokeFlags>();
      finish.exitCode = await revokeCertificates(environment, {
        ...connection(command),
        which,
        reason: flags.reason ?? '',
        yes: flags.yes ?? false,
        output: flags.output,
      });
    });
  withExamples(command, [
    "fleetctl cert revoke operator/bob --reason 'left us'",
    'fleetctl cert revoke AB:CD:EF:01',
  ]);
}

interface RequestsFlags {
  readonly output?: string;
  readonly o: 'table' | 'json' | 'jsonl';
}

function addRequests(parent: Command, { environment, finish }: Actions): void {
  const command = parent
    .command('requests')
    .summary('show who waits for a certificate that has yet to be signed')
    .description(
      'Shows who waits for a certificate, where the key of the authority is on another machine: carry the file there, sign it with fleet-certs sign, and bring back what that writes with cert add.',
    )
    .addOption(outputFile('write them to a new file, for fleet-certs sign'))
    .addOption(outputFormat(['table', 'json', 'jsonl']))
    .action(async () => {
      const { listRequests } = await import('../commands/authority/requests.ts');
      const { output: file, o: format } = command.opts<RequestsFlags>();
      finish.exitCode = await listRequests(environment, {
        ...connection(command),
        file: file ?? null,
        format,
      });
    });
  withExamples(command, ['fleetctl cert requests', 'fleetctl cert requests --output requests.pem']);
}

function addAdd(parent: Command, { environment, finish }: Actions): void {
  const command = parent
    .command('add')
    .summary('hand in certificates that fleet-certs has signed')
    .argument('<file>', 'as fleet-certs sign wrote it; - for standard input')
    .addOption(outputOption(['table', 'json']))
    .action(async (file: string) => {
      const { addCertificates } = await import('../commands/authority/requests.ts');
      const { output } = command.opts<{ output: 'table' | 'json' }>();
      finish.exitCode = await addCertificates(environment, {
        ...connection(command),
        file,
        output,
      });
    });
}
