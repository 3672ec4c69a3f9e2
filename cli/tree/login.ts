/** `login`: a certificate of one's own, by a token. */
import type { Command } from 'commander';
import { type Actions, connection, withExamples } from './shared.ts';

export function addLogin(parent: Command, { environment, finish }: Actions): void {
  const command = parent
    .command('login')
    .summary('get a certificate of your own, by a token')
    .description(
      'Gets a certificate of your own by a token, and writes it, its key and a [context:NAME] into your configuration. The key is made here and stays here. --context names the context; else it is called as the fleet.',
    )
    .option('--token-file <file>', 'required: the file of the token; - for standard input')
    .action(async () => {
      const { login } = await import('../commands/login.ts');
      const { tokenFile } = command.opts<{ tokenFile?: string }>();
      finish.exitCode = await login(environment, {
        ...connection(command),
        tokenFile: tokenFile ?? null,
      });
    });
  withExamples(command, [
    'fleetctl login --token-file alice.token',
    'fleetctl login --token-file - --context prod < alice.token',
  ]);
}
