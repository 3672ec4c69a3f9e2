/**
 * Tells systemd that the daemon is ready (sd_notify(3)), where it asked to be told. Node has no
 * datagram sockets of the unix family, so systemd's own tool sends the message.
 */
import { spawn } from 'node:child_process';

/** @param socket the value of `NOTIFY_SOCKET`; programs that are started later must not see it */
export function notifyReady(socket: string | undefined): void {
  if (socket === undefined || socket === '') return;
  const child = spawn('systemd-notify', ['--ready', `--pid=${process.pid}`], {
    env: { PATH: process.env['PATH'], NOTIFY_SOCKET: socket },
    stdio: 'ignore',
  });
  child.on('error', () => undefined);
  child.unref();
}
