import { createHash } from 'node:crypto';

/** The whole look of the status page: the system's fonts, and its choice of light or dark. */
export const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#d8dce2, #363b44); --soft: light-dark(#5b6472, #9aa4b2);
  --good: light-dark(#12733a, #5fd08a); --bad: light-dark(#b3261e, #ff8a80); --back: light-dark(#fff, #15181d);
  --raised: light-dark(#f5f6f8, #1d2127); }
body { margin: 0 auto; padding: 1.5rem; max-width: 76rem; font: 15px/1.45 system-ui, sans-serif; background: var(--back); }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0; } a { color: inherit; } nav a { margin-right: 1rem; }
.soft { color: var(--soft); } .good { color: var(--good); } .bad { color: var(--bad); } b.good, b.bad { font-weight: 600; }
table { border-collapse: collapse; width: 100%; } .wide { overflow-x: auto; }
th, td { text-align: left; vertical-align: top; padding: .35rem .9rem .35rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--soft); white-space: nowrap; } td.number { font-variant-numeric: tabular-nums; }
td.name { overflow-wrap: anywhere; min-width: 9rem; max-width: 22rem; } code { font: 0.93em ui-monospace, monospace; }
summary { cursor: pointer; } .cause { margin-bottom: .4rem; padding: .3rem .6rem; background: var(--raised); border-left: 3px solid var(--bad); }
.cause.quiet { border-left-color: var(--line); } td.shape { overflow-wrap: anywhere; min-width: 18rem; }
.banner { margin: .6rem 0; padding: .5rem .8rem; background: var(--raised); border-left: 3px solid var(--line); }
.banner.bad { border-left-color: var(--bad); } .banner a { white-space: nowrap; }
`;

/** Lets a content security policy allow this style and no other. */
export const STYLE_SOURCE = `'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`;
