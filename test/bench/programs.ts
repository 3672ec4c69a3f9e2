/** Configuration of programs that do nothing, in the dialect that Supervisor and our agent share. */

/** `[program:web]` with one process, or with as many as wanted, RUNNING after `startSeconds`. */
export function sleepers(count: number, startSeconds = 0): string {
  const many = `numprocs = ${count}\nprocess_name = %(program_name)s_%(process_num)03d\n`;
  return `[program:web]
command = sleep 100000
startsecs = ${startSeconds}
${count === 1 ? '' : many}`;
}
