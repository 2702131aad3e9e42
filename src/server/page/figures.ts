// Numbers, times and spans as people read them.

export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** Never "100 %" while a part is missing. */
export function formatShare(part: number, whole: number): string {
  return whole === 0 ? '' : `${(Math.floor((part / whole) * 1000) / 10).toFixed(1)} %`;
}

/** UTC, as the page says above it. */
export function formatTime(timeMs: number): string {
  const time = new Date(timeMs);
  return Number.isNaN(time.getTime()) ? '' : time.toISOString().slice(0, 19).replace('T', ' ');
}

const BYTE_UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** In the largest unit of which there is one: `3.4 MiB`. */
export function formatBytes(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), BYTE_UNITS.length - 1);
  return `${power === 0 ? formatCount(bytes) : (bytes / 1024 ** power).toFixed(1)} ${BYTE_UNITS[power]}`;
}

const SPAN_UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const;

/** The two largest units: `3d 4h`. */
export function formatSpan(seconds: number): string {
  let rest = Math.floor(seconds);
  const parts = SPAN_UNITS.map(([unit, size]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return { count, text: `${count}${unit}` };
  });
  const first = parts.findIndex(({ count }) => count > 0);
  if (first === -1) return '0s';
  return parts
    .slice(first, first + 2)
    .map(({ text }) => text)
    .join(' ');
}
