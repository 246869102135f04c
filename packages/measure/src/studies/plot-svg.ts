import type { Report } from '../result.ts'
import { layoutPlot, type Mark } from './layout-plot.ts'
import type { Plot } from './plot.ts'
import type { Study } from './study.ts'

/** The plot as an SVG picture of `width` pixels; colours follow the reader's scheme. Text is escaped. */
export function plotSvg(plot: Plot, width = 720): string {
  const { height, fontSize, marks } = layoutPlot(plot, width)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(plot.title)}">
<style>
text{font:${fontSize}px system-ui,sans-serif;fill:#1b212b}.tick,.axis-title,.label{fill:#5a6473}.highlight{fill:#2459d6;font-weight:600}.grid{stroke:#e3e7ee;fill:none}.axis{stroke:#8993a4;fill:none}
.front{stroke:#2459d6;stroke-width:1.5;stroke-dasharray:4 3;fill:none}.dot{fill:#8993a4}.ours{fill:#2459d6}.s0{fill:#2459d6}.s1{fill:#8993a4}.s2{fill:#b7791f}.s3{fill:#2f855a}.ground{fill:#fff}
@media(prefers-color-scheme:dark){text{fill:#eef1f6}.tick,.axis-title,.label{fill:#a6b0c0}.highlight{fill:#8fb4ff}.grid{stroke:#262c37}.axis{stroke:#6b7587}.front{stroke:#8fb4ff}.dot{fill:#8993a4}.ours,.s0{fill:#8fb4ff}.s2{fill:#ecc15f}.s3{fill:#68c391}.ground{fill:#12151b}}
</style>
<rect class="ground" width="100%" height="100%"/>
${marks.map(drawn).join('\n')}
</svg>
`
}

/** All plots of a study under one another, as one SVG picture. */
export function studySvg(study: Study, report: Report, width = 720): string {
  let y = 0
  const pictures = study.read(report).plots.map((plot) => {
    const { height } = layoutPlot(plot, width)
    const top = y
    y += height + 44
    return `<text x="8" y="${top + 22}" font-weight="600">${escaped(plot.title)}</text>\n<g transform="translate(0 ${top + 32})">${plotSvg(plot, width)}</g>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" width="${width}" height="${y}">\n${pictures.join('\n')}\n</svg>\n`
}

function drawn(mark: Mark): string {
  switch (mark.kind) {
    case 'path':
      return `<path class="${mark.role}" d="${mark.d}"/>`
    case 'dot':
      return `<circle class="${mark.isHighlight ? 'dot ours' : 'dot'}" cx="${mark.x}" cy="${mark.y}" r="${mark.radius}"><title>${escaped(mark.title)}</title></circle>`
    case 'bar':
      return `<rect class="s${mark.series % 4}" x="${mark.x}" y="${mark.y}" width="${mark.width}" height="${mark.height}" rx="2"><title>${escaped(mark.title)}</title></rect>`
    case 'text':
      return `<text class="${mark.role === 'axis' ? 'axis-title' : mark.role}" x="${mark.x}" y="${mark.y}" text-anchor="${mark.anchor}">${escaped(mark.text)}</text>`
    default:
      return mark satisfies never
  }
}

function escaped(words: string): string {
  return words
    .replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
    .replace(/[\p{Cc}\p{Cf}]/gu, '\ufffd')
}
