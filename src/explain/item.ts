import type { RequestEvent } from '../event/request-event.ts';
import type { RejectReason } from '../event/sink.ts';

/** Why something that was given could not be explained. */
export type Unreadable = RejectReason | 'no_answer' | 'no_response' | 'not_a_har';

/** One thing that was given: where it stood, and what it became. `place` holds nothing that could be a secret. */
export type Item = Explained | { readonly place: string; readonly unreadable: Unreadable };

interface Explained {
  readonly place: string;
  readonly event: RequestEvent;
  /** False where nothing that was given states the HTTP status: the body alone was judged. */
  readonly hasStatus: boolean;
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
}

/** The provider label of what names none. */
export const UNNAMED_PROVIDER = 'unknown';
