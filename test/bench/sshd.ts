/**
 * A loopback sshd that belongs to one bench: its own port, host key, user key and configuration in
 * the bench's directory. Nothing under /etc/ssh or ~/.ssh is read or written. Every node name leads
 * to this one server, which learns the name from the client as BENCH_NODE.
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchTools } from './bench.ts';
import { runCommand, tryCommand } from './command.ts';
import { freePort } from './fleet.ts';

export interface Sshd {
  /** For `ssh -F`: a connection for each command. */
  readonly config: string;
  /** The same, but every node has a connection that is open already (ControlMaster). */
  readonly keepingConfig: string;
}

export async function startSshd(tools: BenchTools, nodes: readonly string[]): Promise<Sshd> {
  const directory = join(tools.directory, 'ssh');
  mkdirSync(directory, { mode: 0o700 });
  const port = await freePort();
  makeKey(join(directory, 'host_key'));
  makeKey(join(directory, 'user_key'));
  const hostKey = readFileSync(join(directory, 'host_key.pub'), 'latin1');
  writeFileSync(join(directory, 'known_hosts'), `bench ${hostKey}`);
  makeEmptyDirectory();
  const serverConfig = write(join(directory, 'sshd_config'), serverText(directory, port));
  const text = clientText(directory, port, nodes);
  const config = write(join(directory, 'config'), text);
  const keeping = `Host *\n  ControlPath ${join(directory, '%n')}\n${text}`;
  const keepingConfig = write(join(directory, 'keeping'), keeping);
  const command = ['/usr/sbin/sshd', '-D', '-e', '-f', serverConfig];
  const daemon = tools.daemons.start(command, join(directory, 'sshd.out'));
  const [node = ''] = nodes;
  await daemon.readyWhen(() => tryCommand(['ssh', '-F', config, node, 'true']).status === 0);
  const masters = nodes.map((name) => {
    const master = ['ssh', '-F', keepingConfig, '-M', '-N', name];
    return tools.daemons
      .start(master, join(directory, 'masters.out'))
      .readyWhen(() => existsSync(join(directory, name)));
  });
  await Promise.all(masters);
  return { config, keepingConfig };
}

/** Where sshd, as root, puts processes that have not logged in; made by its service otherwise. */
const EMPTY_DIRECTORY = '/run/sshd';

function makeEmptyDirectory(): void {
  if (process.getuid?.() !== 0 || existsSync(EMPTY_DIRECTORY)) return;
  mkdirSync(EMPTY_DIRECTORY, { mode: 0o755 });
  process.once('exit', () => rmdirSync(EMPTY_DIRECTORY));
}

function write(path: string, text: string): string {
  writeFileSync(path, text);
  return path;
}

function makeKey(path: string): void {
  runCommand(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', path]);
}

/**
 * `MaxStartups`: by default sshd turns connections away from the tenth that logs in at once. `HOME`:
 * what this machine's shell does in its start-up files is nothing that ssh is to be blamed for.
 */
function serverText(directory: string, port: number): string {
  return `ListenAddress 127.0.0.1:${port}
HostKey ${join(directory, 'host_key')}
AuthorizedKeysFile ${join(directory, 'user_key.pub')}
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
MaxStartups 500
AcceptEnv BENCH_NODE
SetEnv HOME=${directory}
PermitUserRC no
PrintMotd no
LogLevel ERROR
`;
}

function clientText(directory: string, port: number, nodes: readonly string[]): string {
  const names = nodes.map((node) => `Host ${node}\n  SetEnv BENCH_NODE=${node}\n`);
  return `Host *
  HostName 127.0.0.1
  Port ${port}
  HostKeyAlias bench
  IdentityFile ${join(directory, 'user_key')}
  IdentitiesOnly yes
  UserKnownHostsFile ${join(directory, 'known_hosts')}
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  BatchMode yes
  LogLevel ERROR
${names.join('')}`;
}
