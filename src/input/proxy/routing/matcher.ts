import { bareHost, pathBehind } from './target.ts';

/** Which requests go to an upstream; all that is named must fit. */
export interface RouteMatch {
  /** Of whole segments: `/openai` is `/openai` and `/openai/x`, not `/openaix`. */
  readonly pathPrefix?: string | undefined;
  /** Without port; case does not matter. */
  readonly host?: string | undefined;
  readonly header?: { readonly name: string; readonly value: string } | undefined;
}

/** What a request is matched by. */
export interface MatchSubject {
  /** Without its query, and with dot segments resolved. */
  readonly path: string;
  /** As `bareHost` has it. */
  readonly host: string;
  /** All values of a header, by its name in lower case. */
  readonly header: (name: string) => readonly string[];
}

/** Answers with the path behind the prefix, or undefined where the request does not fit. */
export type Matcher = (subject: MatchSubject) => string | undefined;

export function createMatcher({ pathPrefix = '', host, header }: RouteMatch): Matcher {
  const prefix = pathPrefix.replace(/\/+$/, '');
  const wantedHost = host === undefined ? undefined : bareHost(host);
  const name = header?.name.toLowerCase() ?? '';
  return (subject) => {
    if (wantedHost !== undefined && subject.host !== wantedHost) return undefined;
    if (header !== undefined && !subject.header(name).includes(header.value)) return undefined;
    return pathBehind(subject.path, prefix);
  };
}

/** What would match, for people. A header's value stays untold: keys of tenants are matched, too. */
export function describeMatch({ pathPrefix, host, header }: RouteMatch): string {
  const parts = [
    pathPrefix === undefined ? '' : `path ${pathPrefix}`,
    host === undefined ? '' : `host ${host}`,
    header === undefined ? '' : `header ${header.name}`,
  ].filter((part) => part !== '');
  return parts.join(' with ') || 'any request';
}
