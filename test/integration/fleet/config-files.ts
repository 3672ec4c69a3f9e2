/**
 * The configuration files of a fleet under test, as an administrator would write them. Every agent
 * has a local socket of its own: many share this machine, and none may touch the default one.
 */
import { join } from 'node:path';
import type { CertificateFiles } from './pki.ts';

/** A daemon of the fleet: what its files are called after, and where they lie. */
interface Place {
  readonly folder: string;
  readonly name: string;
  readonly certificate: CertificateFiles;
}

/** @param more further lines of its section, then any others */
export function controllerConf(
  { folder, name, certificate }: Place,
  options: {
    readonly listen: string;
    readonly operators: readonly string[];
    readonly more: string;
  },
): string {
  const { listen, operators, more } = options;
  return `[controller]
listen = ${listen}
state_dir = ${join(folder, name)}
${certificateLines(certificate)}${more}
${operators.map((operator) => `[operator:${operator}]\nroles = admin\n`).join('')}`;
}

/** @param programs `[program:x]` and other sections */
export function agentConf(
  { folder, name, certificate }: Place,
  { controller, programs }: { readonly controller: string; readonly programs: string },
): string {
  return `[agent]
controllers = ${controller}
state_dir = ${join(folder, name)}
socket = ${join(folder, `${name}.sock`)}
${certificateLines(certificate)}${programs}`;
}

export function fleetctlConf(values: Readonly<Record<string, string>>): string {
  const lines = Object.entries(values).map(([key, value]) => `${key} = ${value}\n`);
  return `[context:test]\n${lines.join('')}`;
}

function certificateLines({ ca, cert, key }: CertificateFiles): string {
  return `ca = ${ca}\ncert = ${cert}\nkey = ${key}\n`;
}
