/**
 * Everything that is open for the processes of this host, by process name (`attendance.ts`): opened
 * for the first start or adoption, kept over restarts, given up when a process is not configured
 * any more.
 */

import { rmSync } from 'node:fs';
import { messageOf } from '../../../proto/errors.ts';
import type { ProcessName } from '../../../proto/vocabulary.ts';
import type { ProcessDefinition } from '../../core/definition.ts';
import { clearReadableLogs } from '../logs/log-path.ts';
import {
  type Attendance,
  blindAttendance,
  closeStreams,
  openAttendance,
  redefine,
  type Surroundings,
  streamsOf,
  suits,
} from './attendance.ts';
import { makeFifos, removeForeignFifos } from './fifos.ts';
import type { OutputHolder } from './output-holder.ts';
import { fifosOf, outputFifosOf, runFilesOf } from './run-files.ts';
import { ensureDescriptorsLeft } from './spare-descriptors.ts';

export class Attendances implements Disposable {
  readonly #around: Surroundings;
  readonly #holder: Pick<OutputHolder, 'add' | 'drop'>;
  readonly #attended = new Map<ProcessName, Attendance>();

  constructor(around: Surroundings, holder: Pick<OutputHolder, 'add' | 'drop'>) {
    this.#around = around;
    this.#holder = holder;
  }

  of(process: ProcessName): Attendance | undefined {
    return this.#attended.get(process);
  }

  all(): readonly Attendance[] {
    return [...this.#attended.values()];
  }

  /** @throws where the output cannot be captured; nothing is left open then */
  forStart(definition: ProcessDefinition): Attendance {
    ensureDescriptorsLeft();
    const files = runFilesOf(this.#around.folders, definition.process);
    removeForeignFifos(fifosOf(files), definition.user?.uid ?? null);
    return this.#attend(definition, !definition.redirectStderr);
  }

  /**
   * A child that was started by an earlier agent has, perhaps, other streams than it would get now.
   * One whose output cannot be read is supervised nevertheless.
   */
  forAdoption(definition: ProcessDefinition): Attendance {
    try {
      return this.#attend(definition, true);
    } catch (error) {
      const why = messageOf(error);
      this.#around.log.error({ process: definition.process }, why);
      const attendance = blindAttendance(definition, this.#around.folders);
      this.#attended.set(definition.process, attendance);
      return attendance;
    }
  }

  redefine(definition: ProcessDefinition): void {
    const attendance = this.#attended.get(definition.process);
    if (attendance !== undefined) redefine(attendance, definition, this.#around);
  }

  forget(process: ProcessName): void {
    this.#close(process);
    const files = runFilesOf(this.#around.folders, process);
    this.#holder.drop(outputFifosOf(files));
    const { exitFile, childRecord } = files;
    for (const path of [exitFile, childRecord, ...fifosOf(files)]) rmSync(path, { force: true });
  }

  reopenLogs(): void {
    for (const stream of this.all().flatMap(streamsOf)) stream.reopenLog();
  }

  /** @returns why not all of them could be emptied, or null */
  clearLogs(process: ProcessName, definition: ProcessDefinition | null): string | null {
    const attendance = this.#attended.get(process);
    const open = attendance === undefined ? [] : streamsOf(attendance);
    return clearReadableLogs(this.#around.folders, definition, open);
  }

  [Symbol.dispose](): void {
    for (const process of [...this.#attended.keys()]) this.#close(process);
  }

  #attend(definition: ProcessDefinition, hasOwnStderr: boolean): Attendance {
    const { process } = definition;
    const present = this.#attended.get(process);
    const files = runFilesOf(this.#around.folders, process);
    // Somebody may have tidied up; a keeper would then write to a plain file, without end.
    const areThere = makeFifos(fifosOf(files)) === 0;
    if (!areThere) this.#holder.add(outputFifosOf(files));
    if (present !== undefined && suits(present, definition) && areThere) {
      for (const stream of streamsOf(present)) stream.reopenMovedLog();
      return present;
    }
    this.#close(process);
    const attendance = openAttendance(definition, this.#around, hasOwnStderr);
    this.#attended.set(process, attendance);
    return attendance;
  }

  #close(process: ProcessName): void {
    const attendance = this.#attended.get(process);
    if (attendance !== undefined) closeStreams(attendance);
    this.#attended.delete(process);
  }
}
