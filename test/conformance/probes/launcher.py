"""Runs supervisord and supervisorctl as forks of one process that has loaded them already.

Loading them takes a fifth of a second of processor time; the suite starts some hundreds of them
beside one another. Each line on stdin is one to start, as JSON; each line on stdout tells the pid of
one, or how it ended. It ends when stdin does.
"""
import json
import os
import select
import signal
import sys

from supervisor import supervisorctl, supervisord

PROGRAMS = {'supervisorctl': supervisorctl.main, 'supervisord': supervisord.main}


def run(order):
    """In the fork: becomes the program, and never returns."""
    status = 1
    try:
        os.chdir(order['cwd'])
        for descriptor, path in ((0, os.devnull), (1, order['stdout']), (2, order['stderr'])):
            os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644), descriptor)
        os.closerange(3, 256)
        os.environ.clear()
        os.environ.update(order['env'])
        sys.argv = [order['program']] + order['args']
        PROGRAMS[order['program']](order['args'])
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except KeyboardInterrupt:
        status = 130
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def tell(line):
    os.write(1, (json.dumps(line) + '\n').encode())


def start(order, running):
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    pid = os.fork()
    if pid == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        run(order)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    running[pid] = order['id']
    tell({'id': order['id'], 'pid': pid})


def reap(running):
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        is_signal = os.WIFSIGNALED(status)
        end = signal.Signals(os.WTERMSIG(status)).name if is_signal else os.WEXITSTATUS(status)
        tell({'id': running.pop(pid), 'end': end})


def main():
    running = {}
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    unread = b''
    while True:
        ready, _, _ = select.select([0, wake], [], [])
        if wake in ready:
            os.read(wake, 4096)
            reap(running)
        if 0 in ready:
            chunk = os.read(0, 65536)
            if not chunk:
                return
            *lines, unread = (unread + chunk).split(b'\n')
            for line in lines:
                start(json.loads(line), running)


main()
