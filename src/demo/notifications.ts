import { styleText } from 'node:util';
import type { Notification, NotifiedAlert } from './webhook.ts';

/** Labels and annotations worth a line each, in the order an operator asks for them. */
const FIELDS = ['provider', 'model', 'code', 'cause'] as const;
const NAME_WIDTH = 10;

/** A notification as an operator reads it: a headline for each alert, then which model, which code, why, what to do. */
export function formatNotification(
  { alerts }: Notification,
  { colour = false }: { readonly colour?: boolean } = {},
): string {
  return alerts.map((alert) => formatAlert(alert, colour)).join('\n');
}

/** Whether to write colours: only to a terminal, and not when NO_COLOR is set (https://no-color.org). */
export function wantsColour(
  { isTTY }: { readonly isTTY?: boolean | undefined },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  return isTTY === true && !env.NO_COLOR;
}

function formatAlert({ status, labels, annotations }: NotifiedAlert, colour: boolean): string {
  const style = (format: 'red' | 'green' | 'bold', text: string) =>
    colour ? styleText(format, text, { validateStream: false }) : text;
  const headline = [
    style(status === 'firing' ? 'red' : 'green', status.toUpperCase().padEnd(NAME_WIDTH - 1)),
    style('bold', printable(labels.alertname ?? 'alert without a name')),
    printable(labels.severity ?? ''),
  ];
  const facts = FIELDS.map((name) => line(name, labels[name] ?? annotations[name]));
  const texts = [
    line('', annotations.summary),
    line('', annotations.description),
    line('do first', annotations.advice),
    line('runbook', annotations.runbook_url),
  ];
  return `${headline.join(' ').trimEnd()}\n${[...facts, ...texts].join('')}`;
}

function line(name: string, value: string | undefined): string {
  return value === undefined || value === '' ? '' : `  ${name.padEnd(NAME_WIDTH)}${printable(value)}\n`;
}

/** A label may hold what a client sent: control characters must not reach a terminal. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '?');
}
