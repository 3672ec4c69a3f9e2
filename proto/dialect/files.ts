/** What reading a configuration needs from the file system, so that the rules can be tested. */

export type FileText =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'directory' }
  /** `why` completes "cannot be read: …". */
  | { readonly kind: 'unreadable'; readonly why: string };

/** All paths are absolute. */
export interface ConfigFiles {
  /** A larger file is unreadable; without a limit, that of configurations counts. */
  readonly readText: (path: string, sizeMaxBytes?: number) => FileText;
  /** The names in a directory, in any order; none where it cannot be listed. */
  readonly list: (directory: string) => readonly string[];
  readonly isDirectory: (path: string) => boolean;
}
