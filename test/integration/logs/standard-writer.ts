/**
 * A program whose stdout is the log of what comes out of a FIFO, as in an agent with
 * `stdout_logfile = /dev/stdout`. It answers its parent, to show that it waits for nobody.
 */

import { OutputStream } from '../../../agent/adapters/children/output-stream.ts';
import { LastLines } from '../../../agent/adapters/logs/last-lines.ts';
import { standardSink } from '../../../agent/adapters/logs/standard-stream.ts';

const say = (text: string): void => void process.send?.(text);
let lostBytes = 0;
const sink = standardSink(1, say, (bytes) => {
  lostBytes += bytes;
});
const stream = new OutputStream(process.argv[2] ?? '', () => sink, new LastLines());
process.on('message', (message) => {
  if (message === 'what is lost?') return say(String(lostBytes));
  if (message !== 'end') return say(sink.isBehind?.(() => undefined) ? 'behind' : 'up to date');
  stream[Symbol.dispose]();
  process.exit(0);
});
say('ready');
