export type Labels = Readonly<Record<string, string>>;

/** The same for the same labels. */
export function labelKey(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The labels by which an alert knows its series. */
export function identity({ __name__: _name, ...labels }: Labels): Labels {
  return labels;
}
