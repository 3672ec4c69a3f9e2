/**
 * Where the agent judges a file otherwise than Supervisor: each row is read by both, so the table
 * cannot say what is not so. What is not in it must be judged alike.
 */
export interface Difference {
  /** Below `[supervisord]`, after `[program:a] command=x`; a row may begin sections of its own. */
  readonly text: string;
  readonly supervisor: 'accepts' | 'refuses';
  readonly agent: 'accepts' | 'refuses';
  readonly because: string;
}

const stricter = (text: string, because: string): Difference => ({
  text,
  supervisor: 'accepts',
  agent: 'refuses',
  because,
});

const laxer = (text: string, because: string): Difference => ({
  text,
  supervisor: 'refuses',
  agent: 'accepts',
  because,
});

const AT_START = 'it would fail when the program is started; it is told when the file is read';
const NOT_MEANT = 'nobody means it; Supervisor takes it because Python does';
const SECRETS = 'Supervisor puts the whole environment into the value, passwords and all';
const NOT_YET = 'its section is not served yet, so its values are not judged yet';

export const DIFFERENCES: readonly Difference[] = [
  stricter('[program:b]\ncommand=', AT_START),
  stricter('directory=', AT_START),
  stricter('stopsignal=0', 'signal 0 stops nothing'),
  stricter('stopsignal=_IGN', 'Python has constants with such names, which are no signals'),
  stricter('umask=7777', 'there are nine bits to mask'),
  stricter('umask=-22', NOT_MEANT),
  stricter('numprocs=20000\nprocess_name=%(process_num)d', 'a typing error that costs the host'),
  stricter('process_name=a\tb', 'names stand in commands and in the names of files'),
  stricter('process_name=..', 'names stand in commands and in the names of files'),
  stricter(`process_name=${'x'.repeat(201)}`, 'a file for each process has to have its name'),
  stricter('process_name=%(ENV_SPACED)s', 'Supervisor judges the name before it is expanded'),
  stricter('[program:b]\ncommand=x\n[group:b]\nprograms=a', 'two groups of one name: one is lost'),
  stricter(
    '[program:b]\ncommand=x\nprocess_name=a\n[group:g]\nprograms=a,b',
    'two processes of one name: one is lost',
  ),
  stricter('[program: a]\ncommand=x', 'two programs of one name: one is lost'),
  stricter('[program:b]\ncommand=x %s', SECRETS),
  stricter('[include]\nfiles=', 'it includes nothing: somebody did not finish the line'),
  laxer('numprocs=0\nprocess_name=a/b', 'there is no process that would have the name'),
  laxer('[group:g]\nprograms=a,', 'what is meant is plain'),
  laxer('[supervisord]\nenvironment=A="50%%"', 'Supervisor expands it twice: it wants %%%%'),
  laxer('[supervisord]\nenvironment=A="%(host_node_name)s"', 'the variable is known elsewhere'),
  laxer('stdout_logfile=100%%.log', 'Supervisor expands it twice: it wants %%%%'),
  laxer('[inet_http_server]\nport=http', NOT_YET),
  laxer('[unix_http_server]\nfile=/x\nchmod=rwx', NOT_YET),
  laxer('[unix_http_server]\nfile=/x\nusername=u', NOT_YET),
  laxer('[eventlistener:e]\ncommand=x', NOT_YET),
  laxer('[fcgi-program:f]\ncommand=x', NOT_YET),
  laxer('stdout_capture_maxbytes=lots', 'the key has no effect yet, so its value is not judged'),
];
