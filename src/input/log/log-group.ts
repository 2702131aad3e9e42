import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import { Follower, type StartAt } from './follow/follower.ts';
import { isPacked, readNames } from './follow/siblings.ts';
import { findFiles, isGlob } from './glob.ts';
import type { IntakeOptions } from './intake.ts';
import { isMountedAlone } from './mounts.ts';
import { lookAtPath } from './path-look.ts';
import type { LogPositions } from './positions/log-positions.ts';
import { createStepBudget, type StepBudget } from './step-budget.ts';

/** Most files that one step looks at; an idle one costs a system call. */
const MAX_POLLS_PER_STEP = 64;

/** nginx reopens its logs within moments of the signal; other writers are given time to notice. */
const DEFAULT_LINGER_MS = 5000;

/** How often a pattern is searched for new files. It reads folders, which costs more than a look at a known file. */
const DISCOVERY_MS = 2000;

/** Most paths that one step takes up: to open one may mean to read the folder around it. */
const MAX_NEW_PER_STEP = 8;

/** With few files each is looked at on every turn; with more the idle ones wait longer and longer, up to this. */
const FEW_FILES = 16;
const MAX_IDLE_MS = 2000;
const FIRST_IDLE_MS = 250;

export interface LogGroupOptions {
  /** As it is configured: a path or a pattern. */
  readonly file: string;
  readonly intake: IntakeOptions;
  readonly startAt: StartAt;
  readonly positions: LogPositions;
  readonly clock: Clock;
  readonly log: Log;
  /** Scratch space for reads, shared by all groups. */
  readonly buffer: Buffer;
  /** Called when there may be something to read, at any time. */
  readonly wake?: (() => void) | undefined;
  /** Where something is mounted. */
  readonly mounts?: ReadonlySet<string> | undefined;
  readonly bytesPerStep?: number | undefined;
  readonly lingerMs?: number | undefined;
}

export interface StepResult {
  readonly bytesRead: number;
  /** There may be more to do at once. */
  readonly more: boolean;
}

/** A followed path of the group and when it is to be looked at again. */
interface Member {
  readonly follower: Follower;
  up: boolean;
  lagBytes: number;
  dueMs: number;
  idleMs: number;
}

/** How a path is begun, settled when it is found: taken up later, it is still what it was then. */
interface Beginning {
  readonly startAt: StartAt;
  /** When the log had been looked at last. */
  readonly sinceMs: number | undefined;
}

/**
 * One configured log: all files that its path or pattern leads to, under one source label. A step is bounded in time and in files, so
 * that neither a long backlog nor thousands of files hold up anything else; the next step goes on with the next file.
 *
 * A pattern is searched beside the steps. A file found by the first search of all was there already (`startAt`); one found later is new.
 * A path that matches no more is followed on until its file is let go, since its last lines may be unread.
 */
export class LogGroup {
  readonly file: string;
  readonly #options: LogGroupOptions;
  readonly #isGlob: boolean;
  readonly #startAt: StartAt;
  /** When the log was last looked at in an earlier run. */
  readonly #formerMs: number | undefined;
  #intake: IntakeOptions;
  /** By path, in the order of their turns. */
  readonly #members = new Map<string, Member>();
  readonly #budget: StepBudget;
  #lagBytes = 0;
  #down = 0;
  #matches: ReadonlySet<string> = new Set();
  /** Paths that were found and not taken up yet, and how they are to be begun. */
  readonly #found = new Map<string, Beginning>();
  /** Names by folder, as read in this step. */
  readonly #names = new Map<string, readonly string[]>();
  #isSearching = false;
  #nextSearchMs = 0;
  #searchedMs: number | undefined;
  /** When the search before that began. */
  #sinceMs: number | undefined;
  #isClosed = false;
  #isBarren = false;

  constructor(options: LogGroupOptions) {
    this.file = options.file;
    this.#options = options;
    this.#intake = options.intake;
    this.#budget = createStepBudget(options.clock, options.bytesPerStep);
    this.#isGlob = isGlob(options.file);
    this.#formerMs = options.positions.lookedMs;
    this.#sinceMs = this.#formerMs;
    // Followed in an earlier run, so whatever is unknown now came since.
    this.#startAt = this.#formerMs === undefined ? options.startAt : 'beginning';
    options.positions.follow(() => this.#lookedMs());
  }

  /** Memory taken by lines whose end has not been read. */
  get heldBytes(): number {
    return [...this.#members.values()].reduce((total, { follower }) => total + follower.heldBytes, 0);
  }

  /** Opens what is there now, so that what is written after this call is read, and reads nothing. Never throws. */
  open(): void {
    if (!this.#isGlob) this.#add(this.file, { startAt: this.#startAt, sinceMs: this.#sinceMs });
    // They go on where they were, so it does not matter when; there may be hundreds.
    this.#find(this.#options.positions.livePaths());
    this.#startSearch();
    this.#report();
  }

  /** One bounded, synchronous step. Never throws. */
  step(): StepResult {
    const { bytes: bytesPerStep } = this.#budget;
    this.#names.clear();
    this.#startSearch();
    this.#takeUpFound();
    const nowMs = this.#options.clock.elapsedMs();
    let polls = 0;
    const bytesRead = this.#budget.measure(() => {
      let total = 0;
      for (const [path, member] of [...this.#members]) {
        if (total >= bytesPerStep || polls >= MAX_POLLS_PER_STEP) break;
        if (member.dueMs > nowMs) continue;
        polls += 1;
        total += this.#poll(member, bytesPerStep - total);
        this.#members.delete(path);
        if (!this.#isOver(path, member)) this.#members.set(path, member);
      }
      return total;
    });
    this.#report();
    const more = bytesRead >= bytesPerStep || polls >= MAX_POLLS_PER_STEP || this.#found.size > 0;
    return { bytesRead, more };
  }

  /** Reads on, where it was, under other rules. */
  reconfigure(intake: IntakeOptions): void {
    this.#intake = intake;
    for (const { follower } of this.#members.values()) follower.reconfigure(intake);
    this.#report();
  }

  /** Lets the files go; their positions are kept. The sink stays open: its owner closes it. */
  close(): void {
    this.#isClosed = true;
    for (const { follower } of this.#members.values()) follower.close();
    this.#options.positions.leave();
    this.#members.clear();
  }

  #add(path: string, beginning: Beginning): void {
    const { positions, clock, log, buffer, wake = () => {}, lingerMs = DEFAULT_LINGER_MS } = this.#options;
    this.#warnOfMount(path);
    const follower = new Follower({
      ...{ path, intake: this.#intake, mayVanish: path !== this.file, ...beginning },
      ...{ positions, clock, log, buffer, wake, lingerMs, namesIn: (folder) => this.#namesIn(folder) },
    });
    const member = { follower, up: true, lagBytes: 0, dueMs: 0, idleMs: 0 };
    this.#members.set(path, member);
    this.#poll(member, 0);
  }

  #poll(member: Member, budget: number): number {
    const { bytesRead, lagBytes, up } = member.follower.poll(budget);
    this.#lagBytes += lagBytes - member.lagBytes;
    this.#down += Number(member.up) - Number(up);
    member.lagBytes = lagBytes;
    member.up = up;
    const isIdle = bytesRead === 0 && this.#members.size > FEW_FILES;
    member.idleMs = isIdle ? Math.min(MAX_IDLE_MS, Math.max(FIRST_IDLE_MS, 2 * member.idleMs)) : 0;
    member.dueMs = this.#options.clock.elapsedMs() + (budget > 0 ? member.idleMs : 0);
    return bytesRead;
  }

  /** A path that matches no more, or never did, and whose files are all let go; or whose packed file was read. */
  #isOver(path: string, { follower, lagBytes, up }: Member): boolean {
    if (path === this.file || follower.files > 0 || this.#searchedMs === undefined) return false;
    if (this.#matches.has(path) && (!isPacked(path) || !up)) return false;
    const { positions } = this.#options;
    follower.close();
    positions.giveUp(positions.liveAt(path));
    this.#lagBytes -= lagBytes;
    this.#down -= Number(!up);
    return true;
  }

  /** Searches the pattern beside the steps, from time to time. */
  #startSearch(): void {
    const { clock, wake, log } = this.#options;
    if (!this.#isGlob || this.#isSearching || clock.elapsedMs() < this.#nextSearchMs) return;
    this.#isSearching = true;
    const beganMs = clock.nowMs();
    void findFiles(this.file).then(({ paths, isCapped }) => {
      if (this.#isClosed) return;
      if (isCapped) log.warn('log pattern matches more files than are followed', { pattern: this.file });
      this.#isSearching = false;
      this.#nextSearchMs = clock.elapsedMs() + DISCOVERY_MS;
      this.#takeUpMatches(paths, beganMs);
      wake?.();
    });
  }

  #takeUpMatches(paths: readonly string[], beganMs: number): void {
    if (this.#searchedMs !== undefined) this.#sinceMs = this.#searchedMs;
    this.#searchedMs = beganMs;
    this.#matches = new Set(paths);
    this.#options.positions.kept.present(this.#matches);
    this.#find(paths);
    this.#tellBarren(paths.length === 0);
  }

  #find(paths: readonly string[]): void {
    const sinceMs = this.#sinceMs;
    const beginning: Beginning = { startAt: sinceMs === undefined ? this.#startAt : 'beginning', sinceMs };
    for (const path of paths) {
      if (!this.#members.has(path) && !this.#found.has(path)) this.#found.set(path, beginning);
    }
  }

  /** A file that is read already, under whatever name, needs no follower of its own until it is let go. */
  #takeUpFound(): void {
    const { positions } = this.#options;
    let looks = 0;
    let added = 0;
    for (const [path, beginning] of this.#found) {
      if (looks >= MAX_POLLS_PER_STEP || added >= MAX_NEW_PER_STEP) return;
      looks += 1;
      this.#found.delete(path);
      const look = lookAtPath(path);
      if (look.kind === 'file' && positions.open.has(look.identity)) continue;
      if (look.kind === 'file' && isPacked(path) && positions.isReadWhole(look)) continue;
      added += 1;
      this.#add(path, beginning);
    }
  }

  #namesIn(folder: string): readonly string[] {
    const names = this.#names.get(folder) ?? readNames(folder);
    this.#names.set(folder, names);
    return names;
  }

  #tellBarren(isBarren: boolean): void {
    if (isBarren && !this.#isBarren)
      this.#options.log.warn('no file matches the pattern of a log', { pattern: this.file });
    this.#isBarren = isBarren;
  }

  #warnOfMount(path: string): void {
    const { mounts, log } = this.#options;
    if (mounts === undefined || !isMountedAlone(path, mounts)) return;
    log.warn('log file is mounted by itself: its rotation cannot be seen, mount its folder instead', { path });
  }

  /** The oldest look at any of the paths: whatever is older than that was seen. */
  #lookedMs(): number | undefined {
    if (this.#isGlob && this.#searchedMs === undefined) return this.#sinceMs;
    const looks = [
      this.#searchedMs,
      ...[...this.#members.values()].map(({ follower }) => follower.lookedMs),
      ...[...this.#found.values()].map(({ sinceMs }) => sinceMs),
    ];
    const oldestMs = looks.reduce<number>((oldest, ms) => Math.min(oldest, ms ?? oldest), Number.POSITIVE_INFINITY);
    return Number.isFinite(oldestMs) ? oldestMs : undefined;
  }

  #report(): void {
    let files = 0;
    for (const { follower } of this.#members.values()) files += follower.files;
    const up = this.#down === 0 && (this.#members.size > 0 || this.#matches.size > 0);
    this.#intake.sink.status({ up, lagBytes: this.#lagBytes, files });
  }
}
