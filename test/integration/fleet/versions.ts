/**
 * The agent in a version that does not exist yet: the same sources, bundled as for an install, with
 * another number. What `systemctl` does with it stands in the unit file that we ship.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { PRODUCT_VERSION } from '../../../proto/version.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const UNIT_FILE = join(root, 'deploy', 'systemd', 'fleet-agent.service');

/** @param outfile where `better-sqlite3` can be found, as beside the other programs */
export async function bundleAgent(version: string, outfile: string): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: ['agent/main.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20.11',
    external: ['better-sqlite3'],
    legalComments: 'none',
    logLevel: 'warning',
    plugins: [withVersion(version)],
  });
}

function withVersion(version: string): Plugin {
  return {
    name: 'version',
    setup({ onLoad }) {
      onLoad({ filter: /\/proto\/version\.ts$/ }, ({ path }) => {
        const text = readFileSync(path, 'utf8');
        const own = `'${PRODUCT_VERSION}'`;
        if (!text.includes(own)) throw new Error(`${path} does not say ${own}`);
        return { contents: text.replace(own, `'${version}'`), loader: 'ts' };
      });
    },
  };
}

/** A setting of the agent's unit. */
export function unitSetting(key: string): string {
  const value = new RegExp(`^${key}=(.*)$`, 'm').exec(readFileSync(UNIT_FILE, 'utf8'))?.[1];
  if (value === undefined) throw new Error(`${UNIT_FILE} does not say ${key}`);
  return value;
}
