// Completes package-lock.json after `npm install` on a machine whose registry does not offer every
// platform's optional packages: npm leaves those out of the lock file, and `npm ci` then refuses it.
// Each gets an entry with its version and platform (no checksum), which is skipped on any other.
import { readFileSync, writeFileSync } from 'node:fs';

const LOCK = 'package-lock.json';
const SYSTEMS = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
];

const lock = JSON.parse(readFileSync(LOCK, 'utf8'));
const added = [];
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const nested = `${path}/node_modules/${name}`;
    if (lock.packages[nested] || lock.packages[`node_modules/${name}`]) continue;
    lock.packages[`node_modules/${name}`] = platformPackage(name, version, entry);
    added.push(name);
  }
}
lock.packages = Object.fromEntries(
  Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)),
);
writeFileSync(LOCK, `${JSON.stringify(lock, null, 2)}\n`);
console.log(added.length === 0 ? 'complete' : `added ${added.join(', ')}`);

/** Such packages are named after their platform: NAME-system-processor[-libc]. */
function platformPackage(name, version, parent) {
  const words = name.split('/').at(-1).split('-');
  const at = words.findIndex((word) => SYSTEMS.includes(word));
  const [system, processor, libc] = at < 0 ? [null, words.at(-2), null] : words.slice(at);
  return {
    version: version.replace(/^[^\d]*/, ''),
    cpu: [processor],
    ...(parent.dev && { dev: true }),
    ...(libc?.startsWith('musl') && { libc: ['musl'] }),
    optional: true,
    ...(system && { os: [system] }),
  };
}
