import type { LineFormat } from '../config/schema-lines.ts';
import type { RequestEvent } from '../event/request-event.ts';
import type { RejectReason } from '../event/sink.ts';

/** Why something that was given could not be explained. */
export type Unreadable = RejectReason | 'no_answer' | 'no_response' | 'not_a_har';

/** One thing that was given: where it stood, and what it became. `place` holds nothing that could be a secret. */
export type Item = Explained | Unexplained | Filtered;

interface Explained {
  readonly place: string;
  readonly event: RequestEvent;
  /** False where nothing that was given states the HTTP status: the body alone was judged. */
  readonly hasStatus: boolean;
  /** How a log line is written, for people; absent for what is no log line. */
  readonly format?: string | undefined;
}

interface Unexplained {
  readonly place: string;
  readonly unreadable: Unreadable;
  /** What a log line looked like, and nothing of what it said. */
  readonly shape?: string | undefined;
}

/** A log line about something else. */
interface Filtered {
  readonly place: string;
  readonly filtered: true;
}

/** What the input does not say itself. */
export interface Hints {
  /** Overrules what the input says. */
  readonly provider?: string | undefined;
  readonly status?: number | undefined;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly stream?: boolean | undefined;
  readonly durationSeconds?: number | undefined;
  /** `llm`: requests whose path is no LLM operation are left out. */
  readonly include: 'llm' | 'all';
  /** How log lines are written; found out where it is not given. */
  readonly lines?: { readonly format: LineFormat; readonly logFormat?: string | undefined } | undefined;
}

/** The provider label of what names none. */
export const UNNAMED_PROVIDER = 'unknown';
