import { type MixinSettings, scaled } from './settings/settings.ts';
import type { AlertName } from './settings/thresholds.ts';

/** The numbers of an alert as its page shows them, by their names in the configuration file; and a way to be rid of it. */
export function tuneLines(settings: MixinSettings, name: AlertName): readonly string[] {
  const levels: Readonly<Record<string, Readonly<Record<string, number>>>> = settings.thresholds[name];
  return [
    ...Object.entries(levels).map(
      ([severity, level]) =>
        `\`thresholds.${name}.${severity}\`: ${Object.entries(level)
          .map(([field, value]) => `${written(field)} ${field.endsWith('Seconds') ? scaled(settings, value) : value}`)
          .join(
            ', ',
          )}. Too often: raise the share or factor, or, with little traffic, the \`min_\` guards. Too late: lower \`for\`, but not below two evaluations.`,
    ),
    `Not wanted at all: name it under \`disabled_alerts\`.`,
  ];
}

/** `minBad` as it is written in YAML. */
function written(field: string): string {
  return `\`${field.replace(/Seconds$/, '').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}\``;
}
