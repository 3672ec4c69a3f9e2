/**
 * The fleet of the demo: five hosts, what each runs, and the configurations that an administrator
 * would write for them. Paths in the files count from the folder in which they stand.
 */
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface DemoHost {
  readonly host: string;
  readonly labels: string;
  /** The part of its configuration that Supervisor would understand too. */
  readonly programs: string;
  /** Every process, with its port where it serves one. */
  readonly processes: ReadonlyMap<string, number | null>;
}

export interface DemoFleet {
  readonly controllerPort: number;
  readonly hosts: readonly DemoHost[];
}

export const OPERATOR = 'you';

/** Who may see everything, and restart nothing but the web servers. */
export const WEB_OPERATOR = 'web-oncall';

/** Numbers in the block of ports: 0 is the controller's, each web host has ten of its own. */
export const PORT_NUMBERS: readonly number[] = [0, 10, 11, 20, 21, 30, 31, 40];

/** @param firstPort of a block of a hundred, at a multiple of a hundred */
export function demoFleet(firstPort: number): DemoFleet {
  const webHost = (number: number) => prodWeb(number, firstPort + 10 * number);
  return {
    controllerPort: firstPort,
    hosts: [webHost(1), webHost(2), webHost(3), PROD_DB, dev(firstPort + 40)],
  };
}

/** Where `fleetctl --local` finds the agent of a host; the usual path has room for one only. */
export function localSocket(folder: string, host: string): string {
  return join(folder, socketName(host));
}

const socketName = (host: string): string => `${host}.sock`;

/** Writes every configuration, and puts the programs beside them. */
export function writeFiles(folder: string, { controllerPort, hosts }: DemoFleet): void {
  cpSync(join(import.meta.dirname, 'programs'), join(folder, 'programs'), { recursive: true });
  const controller = `127.0.0.1:${controllerPort}`;
  writeFileSync(join(folder, 'controller.conf'), controllerConfig(controller));
  writeFileSync(join(folder, 'fleetctl.conf'), clientConfig(controller));
  for (const host of hosts) {
    writeFileSync(join(folder, `${host.host}.conf`), agentConfig(host, controller));
  }
}

const CACHE = `
[program:cache]
command   = sh worker.sh cache
directory = %(here)s/programs
priority  = 10 ; before what has the default, 999
`;

const prodWeb = (number: number, port: number): DemoHost => ({
  host: `prod-web-${number}`,
  labels: 'env="prod",role="web"',
  programs: `${CACHE}
[program:web]
command      = node web.mjs ${port / 10}%(process_num)d
process_name = %(program_name)s_%(process_num)d
numprocs     = 2
directory    = %(here)s/programs
environment  = HOST="prod-web-${number}"
`,
  processes: new Map([
    ['cache', null],
    ['web:web_0', port],
    ['web:web_1', port + 1],
  ]),
});

const PROD_DB: DemoHost = {
  host: 'prod-db-1',
  labels: 'env="prod",role="db"',
  programs: `
[program:db]
command   = sh worker.sh db
directory = %(here)s/programs
priority  = 1

[program:backup]
command   = sh worker.sh backup
directory = %(here)s/programs
`,
  processes: new Map([
    ['db', null],
    ['backup', null],
  ]),
};

const dev = (port: number): DemoHost => ({
  host: 'dev-1',
  labels: 'env="dev",role="web"',
  programs: `
[program:web]
command     = node web.mjs ${port}
directory   = %(here)s/programs
environment = HOST="dev-1"

[program:flaky]
command     = sh flaky.sh
directory   = %(here)s/programs
startsecs   = 0
stopasgroup = true
`,
  processes: new Map([
    ['web', port],
    ['flaky', null],
  ]),
});

const agentConfig = ({ host, labels, programs }: DemoHost, controller: string): string => `[agent]
controllers = ${controller}
labels      = ${labels}
state_dir   = ${host}
socket      = ${socketName(host)}
ca          = pki/ca.crt
cert        = pki/agent-${host}.crt
key         = pki/agent-${host}.key
${programs}`;

const controllerConfig = (listen: string): string => `[controller]
listen    = ${listen}
state_dir = controller
ca        = pki/ca.crt
cert      = pki/controller-ops-1.crt
key       = pki/controller-ops-1.key

[operator:${OPERATOR}]
roles = admin

[operator:${WEB_OPERATOR}]
roles = viewer, web-restarts

[role:web-restarts]
allow     = restart
hosts     = role=web
processes = web, web:*
`;

const clientConfig = (controller: string): string => `[fleetctl]
context = ${OPERATOR}
${[OPERATOR, WEB_OPERATOR].map((name) => contextOf(name, controller)).join('')}`;

const contextOf = (operator: string, controller: string): string => `
[context:${operator}]
controller = ${controller}
ca         = pki/ca.crt
cert       = pki/operator-${operator}.crt
key        = pki/operator-${operator}.key
`;
