/** `npm run sim -- --seed 7 [--verbose]`; `--seeds 1-500` looks at many, `--seeds 1-` at all there are. */
import { parseArgs } from 'node:util';
import { simulate } from './simulate.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});
const [first = 1, last = Number.POSITIVE_INFINITY] = range();
const print = values.verbose ? console.log : null;
const startedAt = process.cpuUsage();
let failures = 0;
for (let seed = first; seed <= last; seed += 1) {
  const result = await simulate(seed, print);
  if (result.error !== null) {
    failures += 1;
    console.error(`seed ${seed} fails: ${result.error.stack}`);
    process.exitCode = 1;
  } else if (last - first < 10) {
    console.log(`seed ${seed}: ${JSON.stringify(result)}`);
  }
  const done = seed - first + 1;
  if (done % 100 === 0 || (seed === last && done > 1)) {
    const { user, system } = process.cpuUsage(startedAt);
    const perSecond = (done * 1_000_000) / (user + system);
    const speed = `${perSecond.toFixed(1)} in a second of processor time`;
    console.log(`${done} seeds, ${failures} failed, ${speed}`);
  }
}

if (!(first <= last)) {
  console.error('no such seeds: --seed N, --seeds A-B or --seeds A-, with whole numbers');
  process.exitCode = 2;
}

function range(): readonly number[] {
  if (values.seed !== undefined) return [Number(values.seed), Number(values.seed)];
  const [from = '1', to = ''] = (values.seeds ?? '1-').split('-');
  return [Number(from), to === '' ? Number.POSITIVE_INFINITY : Number(to)];
}
