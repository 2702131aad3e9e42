/** The whole look of a page that stands alone: no script, no font and no picture from elsewhere. */
export const STYLE = `
:root { color-scheme: light dark; --text: #1f2328; --dim: #656d76; --line: #d0d7de; --back: #fff; --requests: #c8d9ee; --failed: #d1242f; --critical: #d1242f; --warning: #d4a72c; --info: #57a0e0; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --dim: #8d96a0; --line: #30363d; --back: #0d1117; --requests: #24405f; --failed: #f85149; --critical: #f85149; --warning: #d29922; --info: #4493f8; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); max-width: 1000px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; } p.dim, .dim { color: var(--dim); }
table { border-collapse: collapse; width: 100%; font-size: .9rem; } th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: break-word; }
td:first-child { white-space: nowrap; } .wide { overflow-x: auto; }
th { color: var(--dim); font-weight: 600; }
svg { width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; fill: var(--text); } svg .tick { fill: var(--dim); }
svg .requests { fill: var(--requests); } svg .failed { fill: var(--failed); } svg .pending { fill: var(--dim); opacity: .5; }
svg .critical { fill: var(--critical); } svg .warning { fill: var(--warning); } svg .info { fill: var(--info); } svg .lane { stroke: var(--line); } svg .axis { stroke: var(--dim); }
.critical { color: var(--critical); } .warning { color: var(--warning); }
`;
