import type { ErrorFacts, Origin, Phase } from '../../../event/request-event.ts';
import type { FieldMap } from '../fields/field-map.ts';
import type { DurationUnit } from '../fields/values.ts';

/**
 * How one kind of log writes its lines: data only. `createReferenceParser` reads any of them; faster scanners are compiled from the same
 * data. A place is a dotted path in JSON, a variable of the template in text.
 */
export interface LogFormat {
  /** For people: `nginx combined`. */
  readonly title: string;
  readonly layout: LineLayout;
  /** Where each field stands. */
  readonly fields: FieldMap;
  /** Unit of durations whose name does not tell it. */
  readonly durationUnit?: DurationUnit | undefined;
  /** Units of single places, before all others. */
  readonly units?: Readonly<Record<string, DurationUnit>> | undefined;
  /** What every line about a request has: by these a JSON line of unknown kind is known as one of this. */
  readonly signs?: readonly (string | Sign)[] | undefined;
  /**
   * The log also says other things (a console, an application's log): lines that do not fit, or have no status, are filtered. Without it
   * they are rejected.
   */
  readonly mixed?: boolean | undefined;
  /** It also fits lines of which another format knows more, so `auto` comes to it last each time. */
  readonly vague?: boolean | undefined;
  /** Its requests always have a path: a line whose path is null is about something else. */
  readonly hasPath?: boolean | undefined;
  /** The time is that of the request's beginning; the event's is its end. */
  readonly timeIsStart?: boolean | undefined;
  /** What stands where the time may be is not always one. */
  readonly timeIsOptional?: boolean | undefined;
  /** Parts that add up to the duration, where no field holds it. All must be known. */
  readonly durationParts?: readonly string[] | undefined;
  /** Two points in time between which a span lies, where neither field nor parts hold it. The first token's is read of streams only. */
  readonly between?:
    | Readonly<Partial<Record<'duration' | 'first_token', readonly [from: string, to: string]>>>
    | undefined;
  /** What is written where there is no HTTP status, and the status that stands for it: Envoy's 0 is a client that left. */
  readonly codes?: Readonly<Record<string, number>> | undefined;
  /** Names the server that was asked; where that is blank beside an error, the gateway made the answer itself. */
  readonly upstream?: string | undefined;
  /** What one line says holds for a later line about the same request. */
  readonly joins?: Joins | undefined;
  /** The first that holds counts. */
  readonly marks?: readonly Mark[] | undefined;
}

/**
 * One JSON object a line; the spans of an OTLP export, many a line; or text. Text is described in the syntax of nginx's log_format: `$name`
 * or `${name}` is a value, all else stands there as it is (https://nginx.org/en/docs/http/ngx_http_log_module.html#log_format).
 * Several templates: the first that fits. See `reader/template.ts` for where a value ends.
 */
export type LineLayout =
  | { readonly kind: 'json'; readonly text?: TextInJson | undefined }
  | { readonly kind: 'otlp' }
  | TextLayout;

export interface TextLayout {
  readonly kind: 'text';
  readonly templates: readonly string[];
  readonly escape: Escape;
  /** Lines that such logs have beside those of requests: filtered. */
  readonly others?: readonly RegExp[] | undefined;
  /** Values that are lists, by what separates their parts; a part's place is `name.0`. */
  readonly lists?: Readonly<Record<string, string>> | undefined;
}

/** A JSON line that carries a line of text in one of its values; the values in that text are as if the line had them itself. */
export interface TextInJson {
  readonly at: string;
  readonly templates: readonly string[];
}

/** How values in text are escaped: `nginx` \x22 (Apache \" as well), `json` \", `none` not at all. */
export type Escape = 'nginx' | 'json' | 'none';

/** Short texts at these places are remembered until a line comes that has the same value at `by` and none of these. */
export interface Joins {
  readonly by: string;
  readonly places: readonly string[];
}

/** A place whose value is like this; a place alone is a sign whatever stands there. */
export interface Sign {
  readonly at: string;
  readonly is: RegExp;
}

/** What one value of a line tells beside the fields. */
export interface Mark {
  readonly at: string;
  /** The whole value, or a pattern found in it. */
  readonly is: string | RegExp;
  /** Holds only beside these statuses. */
  readonly beside?: readonly number[] | undefined;
  readonly means: Meaning;
}

export interface Meaning {
  /** The line is about no request, or about one that another line counts. */
  readonly filtered?: boolean | undefined;
  /** The status, for lines that give none. */
  readonly code?: number | undefined;
  readonly origin?: Origin | undefined;
  readonly phase?: Phase | undefined;
  readonly errorCode?: string | undefined;
  readonly shape?: ErrorFacts['shape'];
  /** The flags say less than this mark does. */
  readonly dropFlags?: boolean | undefined;
}
