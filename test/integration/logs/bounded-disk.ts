/**
 * Logs what comes out of a FIFO into a file system that is too small for it, as an agent would, and
 * tells its parent what was lost. Its caller sees to it that `directory` is that file system.
 */
import { OutputStream } from '../../../agent/adapters/children/output-stream.ts';
import { LastLines } from '../../../agent/adapters/logs/last-lines.ts';
import { LogFile } from '../../../agent/adapters/logs/log-file.ts';

const [, , fifo = '', directory = ''] = process.argv;
const problems: string[] = [];
let lostBytes = 0;
const limits = {
  maxBytes: 0,
  backups: 0,
  onLost: (bytes: number) => {
    lostBytes += bytes;
  },
};
const open = () => new LogFile(`${directory}/x.log`, limits, (problem) => problems.push(problem));
const stream = new OutputStream(fifo, open, new LastLines());

process.on('message', (message) => {
  stream.drain();
  if (message === 'clear') stream.clearLog();
  process.send?.({ lostBytes, problems });
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
