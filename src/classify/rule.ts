import type { Match } from './catalogue-schema.ts';
import type { Basis, Cause } from './causes.ts';

/** One step towards a cause; the first rule whose conditions all hold decides. */
export interface Rule {
  readonly id: string;
  readonly basis: Basis;
  readonly provider: readonly string[] | undefined;
  /** Set on a rule that only sharpens one of these causes, found by an earlier rule. */
  readonly refines: readonly Cause[] | undefined;
  readonly match: Match;
  readonly cause: Cause;
  readonly note: string;
}

/** Why a request ended as it did, and which rule of the catalogue said so. */
export interface Classification {
  readonly cause: Cause;
  readonly basis: Basis;
  readonly rule: string;
}
