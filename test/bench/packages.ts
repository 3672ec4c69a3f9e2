/** The peers' programs, from Debian's packages where they are missing and we may install them. */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { tryCommand } from './command.ts';

export interface Package {
  readonly name: string;
  /** Succeeds where the package is installed. */
  readonly probe: readonly string[];
  /** It brings a service for the whole machine, which must not run because of a bench. */
  readonly hasService?: boolean;
}

/** Null where all are there, or could be installed. */
export function whyMissing(
  packages: readonly Package[],
  say: (text: string) => void,
): string | null {
  const missing = packages.filter(({ probe }) => tryCommand(probe).status !== 0);
  if (missing.length === 0) return null;
  const names = missing.map(({ name }) => name).join(' ');
  if (process.getuid?.() !== 0) {
    return `not installed, and only root could: apt-get install ${names}`;
  }
  const hasService = missing.some((one) => one.hasService === true);
  if (hasService && existsSync(SYSTEMD)) {
    return `not installed, and installing it would enable a service of this machine: ${names}`;
  }
  say(`missing: installing ${names} with apt-get`);
  using _nothingStarts = hasService ? forbidServices() : null;
  tryCommand(['apt-get', 'update', '-qq']);
  const apt = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get'];
  const install = tryCommand([
    ...apt,
    'install',
    '-y',
    '-qq',
    '--no-install-recommends',
    ...names.split(' '),
  ]);
  if (install.status === 0) return null;
  return `not installed, and apt-get could not: ${install.stderr.trim()}`;
}

/** There only where systemd runs the machine. */
const SYSTEMD = '/run/systemd/system';

/** What packages ask before they start anything (Debian's invoke-rc.d); 101 is no. */
const POLICY = '/usr/sbin/policy-rc.d';

function forbidServices(): Disposable {
  const isOurs = !existsSync(POLICY);
  if (isOurs) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  return { [Symbol.dispose]: () => isOurs && rmSync(POLICY) };
}
