import { closeSync, copyFileSync, openSync, renameSync, truncateSync, writeSync } from 'node:fs';
import type { LogArchive } from './log-writer-archive.ts';
import { type NumberedRequest, numberedLine, numberedRequest, PROBE_LINE } from './log-writer-lines.ts';

/** Lines by `model code`. */
export type Tally = ReadonlyMap<string, number>;

export interface LogWriterOptions {
  readonly path: string;
  readonly archive: LogArchive;
  /** Probe lines that every new file begins with, so that the heads of all files are the same. */
  readonly probes?: number;
  /** Whether the new file is there, empty, as soon as the old one is renamed: logrotate's `create`, which Debian's nginx has. */
  readonly creates?: boolean;
}

/**
 * A program that logs numbered requests, and its logrotate. Between any two calls the files are as they would be if a real one were
 * stopped there, so calls may come in any order: what must come before is done first.
 *
 * A rename has two halves. After `rename` the writer goes on with the old file, as nginx does until it gets its signal, and a line that
 * was begun ends there; `reopen` begins the new file. A copy with truncation has no halves here: real writers go on while it runs, and
 * lines that come between the end of the copy and the truncation exist nowhere afterwards. A reader may have seen them or not, so
 * nobody can know; they are counted as `unknowable`, and with none of them (`whileCopying` is 0) everything can be known.
 */
export class LogWriter {
  readonly path: string;
  /** Bytes of the lines and probes that have their end. */
  bytes = 0;
  lines = 0;
  probes = 0;
  readonly #archive: LogArchive;
  readonly #probesPerFile: number;
  readonly #creates: boolean;
  readonly #written = new Map<string, number>();
  readonly #unknowable = new Map<string, number>();
  #fd: number;
  #next = 1;
  #rest = '';
  #isRenamed = false;

  constructor({ path, archive, probes = 0, creates = false }: LogWriterOptions) {
    this.path = path;
    this.#archive = archive;
    this.#probesPerFile = probes;
    this.#creates = creates;
    this.#fd = openSync(path, 'a');
    this.#probe();
  }

  /** Requests logged so far, by model and code. A line without its end is none yet. */
  get written(): Tally {
    return this.#written;
  }

  /** Those of `written` that a copy with truncation left no trace of. */
  get unknowable(): Tally {
    return this.#unknowable;
  }

  append(lines: number): void {
    this.endLine();
    let text = '';
    for (let count = 0; count < lines; count += 1) text += this.#take();
    writeSync(this.#fd, text);
  }

  /** Half of the next line, as it lies in a file while the writer flushes its buffer. */
  beginLine(): void {
    this.endLine();
    const text = numberedLine(this.#next);
    const half = Math.floor(text.length / 2);
    writeSync(this.#fd, text.slice(0, half));
    this.#rest = text.slice(half);
  }

  endLine(): void {
    if (this.#rest === '') return;
    this.#take();
    writeSync(this.#fd, this.#rest);
    this.#rest = '';
  }

  rename(): void {
    this.reopen();
    renameSync(this.path, this.#archive.next());
    this.#isRenamed = true;
    if (this.#creates) closeSync(openSync(this.path, 'a'));
  }

  reopen(): void {
    if (!this.#isRenamed) return;
    this.endLine();
    closeSync(this.#fd);
    this.#isRenamed = false;
    this.#fd = openSync(this.path, 'a');
    this.#probe();
  }

  copyTruncate(whileCopying = 0): void {
    this.reopen();
    this.endLine();
    copyFileSync(this.path, this.#archive.next());
    for (let count = 0; count < whileCopying; count += 1) add(this.#unknowable, numberedRequest(this.#next + count));
    this.append(whileCopying);
    truncateSync(this.path);
    this.#probe();
  }

  beginCompress(): void {
    this.reopen();
    this.#archive.beginCompress();
  }

  endCompress(): void {
    this.#archive.endCompress();
  }

  /** Nothing is left half done. */
  finish(): void {
    this.reopen();
    this.endLine();
    this.endCompress();
  }

  close(): void {
    closeSync(this.#fd);
  }

  #probe(): void {
    writeSync(this.#fd, PROBE_LINE.repeat(this.#probesPerFile));
    this.probes += this.#probesPerFile;
    this.bytes += PROBE_LINE.length * this.#probesPerFile;
  }

  /** The next line, which counts from now on. */
  #take(): string {
    const text = numberedLine(this.#next);
    add(this.#written, numberedRequest(this.#next));
    this.#next += 1;
    this.lines += 1;
    this.bytes += text.length;
    return text;
  }
}

function add(tally: Map<string, number>, { model, code }: NumberedRequest): void {
  const key = `${model} ${code}`;
  tally.set(key, (tally.get(key) ?? 0) + 1);
}
