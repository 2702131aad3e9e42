import type { FieldMap } from '../fields/field-map.ts';
import type { DurationUnit } from '../fields/values.ts';

/** How one kind of log writes its lines: data only; scanners are compiled from it. */
export interface LogFormat {
  /** For people: `nginx combined`. */
  readonly title: string;
  readonly layout: LineLayout;
  /** Where each field stands: dotted paths in JSON, variables in text. */
  readonly fields: FieldMap;
  /** Unit of durations whose name does not tell it. */
  readonly durationUnit?: DurationUnit | undefined;
}

/**
 * One JSON object a line, or text. Text is described in the syntax of nginx's log_format: `$name` or `${name}` is a value, all else stands
 * there as it is (https://nginx.org/en/docs/http/ngx_http_log_module.html#log_format). Several templates: the first that fits.
 */
export type LineLayout = { readonly kind: 'json' } | { readonly kind: 'text'; readonly templates: readonly string[] };
