import { z } from 'zod';

const answer = z.object({
  status: z.literal('success'),
  data: z.object({ result: z.array(z.object({ values: z.array(z.tuple([z.number(), z.string()])) })) }),
});

/** The samples that a Prometheus has stored of a range vector (`name[1h]`), as they were scraped: a list for each series. */
export async function askRawSamples(url: string, selector: string): Promise<readonly (readonly number[])[]> {
  const response = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query: selector })}`);
  const { data } = answer.parse(await response.json());
  return data.result.map(({ values }) => values.map(([, value]) => Number(value)));
}

/** What `increase()` sums up, without its extrapolation to the ends of the range: the first sample of a series is a beginning only. */
export function increaseOf(series: readonly (readonly number[])[]): number {
  return series.reduce(
    (total, values) => total + values.reduce((sum, value, at) => sum + step(values[at - 1], value), 0),
    0,
  );
}

function step(former: number | undefined, value: number): number {
  if (former === undefined) return 0;
  return value < former ? value : value - former;
}
