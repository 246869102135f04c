import { groupsOf } from './groups.ts'
import type { Report, Result } from './result.ts'

const width = 720
const margin = 16
const labels = 220
const rowHeight = 28
const plot = width - labels - 90 - margin

/**
 * The report as an SVG picture: a bar for the headline figure of each result, with all samples as marks over it, by network and runtime.
 * Colours follow the reader's scheme. Text is escaped.
 */
export function reportSvg(report: Report): string {
  const { headline } = report.protocol
  const parts: string[] = []
  let y = margin
  const put = (x: number, text: string, className: string): void => {
    parts.push(`<text x="${x}" y="${y}" class="${className}">${escaped(text)}</text>`)
  }
  y += 12
  put(margin, `${report.machine.cpu}, ${report.date.slice(0, 10)}, milliseconds`, 'quiet')
  for (const { variant, runtime, results } of groupsOf(report)) {
    y += 36
    put(margin, `${variant.toUpperCase()} in ${runtime}`, 'title')
    const shown = results.filter((result) => result[headline] !== null)
    const longest = Math.max(
      ...shown.map((result) => Math.max(result[headline] as number, result.p95Ms ?? 0)),
    )
    for (const result of shown) {
      y += rowHeight
      put(margin, `${result.contender} ×${result.threads}`, 'label')
      parts.push(bar(result, result[headline] as number, longest, y))
      const text = (result[headline] as number).toFixed(2)
      parts.push(`<text x="${width - margin}" y="${y}" class="label value">${text}</text>`)
    }
  }
  const height = y + 2 * margin
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Benchmark: milliseconds of a run">
<style>
text{font:13px system-ui,sans-serif;fill:#1b212b}.title{font-weight:600;font-size:15px}.quiet{fill:#5a6473}.value{text-anchor:end;font-variant-numeric:tabular-nums}
.bar{fill:#a9b4c4}.ours{fill:#2459d6}.sample{stroke:#1b212b;stroke-opacity:.35}.ground{fill:#fff}
@media(prefers-color-scheme:dark){text{fill:#eef1f6}.quiet{fill:#a6b0c0}.bar{fill:#556074}.ours{fill:#8fb4ff}.sample{stroke:#fff;stroke-opacity:.4}.ground{fill:#12151b}}
</style>
<rect class="ground" width="100%" height="100%"/>
${parts.join('\n')}
</svg>
`
}

function bar(result: Result, ms: number, longest: number, y: number): string {
  const x = (value: number): string => (labels + (plot * Math.min(value, longest)) / longest).toFixed(1)
  const own = result.contender.startsWith('mobileone-') ? 'bar ours' : 'bar'
  const end = (Number(x(ms)) - labels).toFixed(1)
  const marks = result.samples.map((sample) => `M${x(sample)} ${y - 12}v14`).join('')
  return `<rect class="${own}" x="${labels}" y="${y - 12}" width="${end}" height="14" rx="3"/><path class="sample" d="${marks}"/>`
}

function escaped(text: string): string {
  return text
    .replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
    .replace(/[\p{Cc}\p{Cf}]/gu, '\ufffd')
}
