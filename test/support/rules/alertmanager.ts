import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, type YAMLMap } from 'yaml';
import type { Problem } from '../../../src/problem.ts';
import { type LabelSet, presenceOf } from '../promql/labels.ts';
import { readDuration } from '../promql/literals.ts';
import type { Rule } from './rule-file.ts';
import { passes } from './rule-set.ts';

/** `severity=~"warning|info"`. */
export interface LabelMatcher {
  readonly label: string;
  readonly operator: string;
  readonly value: string;
}

export interface InhibitRule {
  readonly line: number;
  readonly source: readonly LabelMatcher[];
  readonly target: readonly LabelMatcher[];
  readonly equal: readonly string[];
}

export interface Route {
  readonly line: number;
  readonly matchers: readonly LabelMatcher[];
  readonly receiver: string;
  readonly groupWaitSeconds: number;
  readonly continues: boolean;
  readonly intervals: readonly string[];
  readonly routes: readonly Route[];
}

export interface AlertmanagerConfig {
  readonly route: Route | undefined;
  readonly inhibitRules: readonly InhibitRule[];
  readonly receivers: readonly string[];
  readonly intervals: readonly string[];
  readonly problems: readonly Problem[];
}

/** Alertmanager's own default. */
const GROUP_WAIT_SECONDS = 30;
const MATCHER = /^\s*(\w+)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"\s*$/;

/** Reads what routes and mutes; amtool checks the rest of the shape. */
export function readAlertmanager(text: string, file: string): AlertmanagerConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const problems: Problem[] = [];
  const lineOf = (node: unknown) => lines.linePos((isNode(node) ? node.range?.[0] : undefined) ?? 0).line;
  const complain: Reader['complain'] = (code, { node, message }) =>
    problems.push({ code, message: `${message} [${code}]`, file, line: lineOf(node) });
  const reader: Reader = { lineOf, complain };
  for (const { message, pos } of document.errors)
    problems.push({ code: 'yaml/parse', message, file, line: lines.linePos(pos[0]).line });
  const root = isMap(document.contents) ? document.contents : undefined;
  const route = root?.get('route');
  return {
    route: isMap(route)
      ? readRoute(route, { matchers: [], receiver: '', groupWaitSeconds: GROUP_WAIT_SECONDS }, reader)
      : undefined,
    inhibitRules: maps(root?.get('inhibit_rules')).map((rule) => readInhibitRule(rule, reader)),
    receivers: maps(root?.get('receivers')).map((receiver) => String(receiver.get('name'))),
    intervals: maps(root?.get('time_intervals')).map((interval) => String(interval.get('name'))),
    problems,
  };
}

interface Reader {
  lineOf(node: unknown): number;
  complain(code: string, what: { readonly node: unknown; readonly message: string }): void;
}

function maps(node: unknown): readonly YAMLMap[] {
  return isSeq(node) ? node.items.filter((item) => isMap(item)) : [];
}

function texts(node: unknown): readonly string[] {
  return isSeq(node) ? node.items.map((item) => String(isScalar(item) ? item.value : item)) : [];
}

type Inherited = Pick<Route, 'receiver' | 'groupWaitSeconds'> & { readonly matchers: readonly LabelMatcher[] };

function readRoute(map: YAMLMap, above: Inherited, reader: Reader): Route {
  for (const key of ['match', 'match_re'])
    if (map.has(key)) reader.complain('alertmanager/matchers', { node: map, message: `${key} is gone: use matchers` });
  const wait = map.get('group_wait');
  const own = {
    receiver: String(map.get('receiver') ?? above.receiver),
    groupWaitSeconds: wait === undefined ? above.groupWaitSeconds : (readDuration(String(wait)) ?? 0),
    matchers: readMatchers(map, 'matchers', reader),
  };
  return {
    ...own,
    line: reader.lineOf(map),
    continues: map.get('continue') === true,
    intervals: [...texts(map.get('mute_time_intervals')), ...texts(map.get('active_time_intervals'))],
    routes: maps(map.get('routes')).map((child) => readRoute(child, own, reader)),
  };
}

function readInhibitRule(map: YAMLMap, reader: Reader): InhibitRule {
  for (const key of ['source_match', 'source_match_re', 'target_match', 'target_match_re'])
    if (map.has(key)) reader.complain('alertmanager/matchers', { node: map, message: `${key} is gone: use ${key}ers` });
  return {
    line: reader.lineOf(map),
    source: readMatchers(map, 'source_matchers', reader),
    target: readMatchers(map, 'target_matchers', reader),
    equal: texts(map.get('equal')),
  };
}

function readMatchers(map: YAMLMap, key: string, reader: Reader): readonly LabelMatcher[] {
  return texts(map.get(key)).flatMap((text) => {
    const [, label, operator, value] = MATCHER.exec(text) ?? [];
    if (label !== undefined && operator !== undefined && value !== undefined)
      return [{ label, operator, value: value.replace(/\\(.)/g, '$1') }];
    reader.complain('alertmanager/matchers', {
      node: map,
      message: `${text}: label="value", in double quotes, is right`,
    });
    return [];
  });
}

/** An alert as Alertmanager sees it: the labels its rule gives it, and what is known of those of its series. */
export interface AlertLabels {
  readonly rule: Rule;
  readonly labels: LabelSet;
}

/** Whether an alert can match: a label whose value is not known may have any. */
export function canMatch({ rule, labels }: AlertLabels, matchers: readonly LabelMatcher[]): boolean {
  return matchers.every((matcher) => {
    const value = matcher.label === 'alertname' ? rule.name : rule.labels[matcher.label];
    if (value !== undefined) return passes(matcher, value);
    return presenceOf(labels, matcher.label) === 'never' ? passes(matcher, '') : true;
  });
}

/** The routes that take an alert: the deepest that match, and further ones behind `continue`. */
export function routesOf(alert: AlertLabels, route: Route): readonly Route[] {
  const taken: Route[] = [];
  for (const child of route.routes) {
    if (!canMatch(alert, child.matchers)) continue;
    taken.push(...routesOf(alert, child));
    if (!child.continues) break;
  }
  return taken.length > 0 ? taken : [route];
}

/** A route and all below it. */
export function everyRoute(route: Route): readonly Route[] {
  return [route, ...route.routes.flatMap(everyRoute)];
}
