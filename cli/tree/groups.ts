/**
 * Commands that are groups of others: in a list of commands they need a name and a summary, and no
 * more of them is built, or loaded, unless the command line names them.
 */
import type { Command } from 'commander';
import type { Actions } from './shared.ts';

interface Group {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly load: () => Promise<(group: Command, actions: Actions) => void>;
}

const GROUPS: readonly Group[] = [
  {
    name: 'op',
    summary: 'look after operations, running and past',
    description: 'Looks after operations, running and past.',
    load: async () => (await import('./operations.ts')).addOperations,
  },
  {
    name: 'auth',
    summary: 'show who you are, and what you may do',
    description: 'Shows who you are to the controller, and what you or others may do.',
    load: async () => (await import('./auth.ts')).addAuth,
  },
  {
    name: 'token',
    summary: 'let hosts and people into the fleet',
    description: 'Lets hosts and people into the fleet, each once.',
    load: async () => (await import('./token.ts')).addToken,
  },
  {
    name: 'cert',
    summary: 'look after certificates',
    description: 'Looks after the certificates of hosts and people.',
    load: async () => (await import('./cert.ts')).addCert,
  },
  {
    name: 'host',
    summary: 'take hosts out of the fleet, or let them back in',
    description: 'Takes hosts out of the fleet, or lets them back in.',
    load: async () => (await import('./host.ts')).addHost,
  },
  {
    name: 'audit',
    summary: 'show what is on record of who did what',
    description: 'Shows what is on record of who did what, and checks that it is whole.',
    load: async () => (await import('./audit.ts')).addAudit,
  },
];

/** @param words of the command line; one that is no command at its place loads too much, no more */
export async function addGroups(
  parent: Command,
  actions: Actions,
  words: readonly string[],
): Promise<void> {
  for (const { name, summary, description, load } of GROUPS) {
    const group = parent.command(name).summary(summary).description(description);
    if (words.includes(name)) (await load())(group, actions);
  }
}
