"""Runs a command where /dev/log is a socket of this script, which prints what arrives there.

`with-syslog.py SECONDS COMMAND…`. /dev is covered in a mount namespace of its own, so nothing of the
host is touched, and no syslog of the host hears of it.
"""
import os
import signal
import socket
import subprocess
import sys
import time

DEVICES = ('null', 'zero', 'full', 'random', 'urandom', 'tty')


def cover_devices():
    place = os.path.abspath('devices')
    os.makedirs(place)
    for name in DEVICES:
        open(os.path.join(place, name), 'w').close()
        subprocess.run(['mount', '--bind', f'/dev/{name}', f'{place}/{name}'], check=True)
    for name, target in (('fd', ''), ('stdin', '/0'), ('stdout', '/1'), ('stderr', '/2')):
        os.symlink(f'/proc/self/fd{target}', os.path.join(place, name))
    subprocess.run(['mount', '--rbind', place, '/dev'], check=True)


def main():
    if os.environ.get('HAS_NAMESPACE') is None:
        os.environ['HAS_NAMESPACE'] = '1'
        os.execvp('unshare', ['unshare', '--mount', '--propagation', 'private', sys.executable] + sys.argv)
    cover_devices()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind('/dev/log')
    listener.settimeout(0.1)
    daemon = subprocess.Popen(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=open('daemon-said', 'w'))
    end = time.time() + float(sys.argv[1])
    while time.time() < end:
        try:
            print(listener.recv(65536).rstrip(b'\0\n').decode('utf-8', 'backslashreplace'), flush=True)
        except socket.timeout:
            pass
    daemon.send_signal(signal.SIGTERM)
    daemon.wait()


main()
