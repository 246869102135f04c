import { random } from '@mobileone/core'
import { describe, expect, it } from 'vitest'
import { layoutPlot, plotSvg, type ScatterPlot } from '../../src/studies/index.ts'
import { overlaps, placeLabels } from '../../src/studies/place-labels.ts'
import { scaleOf, tickText } from '../../src/studies/scale.ts'

const source = random(7)
const dots = Array.from({ length: 40 }, (_, index) => ({
  x: 50 + 300 * source.next(),
  y: 20 + 250 * source.next(),
  radius: 4,
  label: `Network-${index}`,
}))
const bounds = { x: 40, y: 10, width: 330, height: 280 }

describe('placeLabels', () => {
  const placed = placeLabels(dots, bounds, 12)
  it('covers no label and no dot, and stays inside', () => {
    expect(placed.length).toBeGreaterThan(10)
    for (const [index, { box, index: own }] of placed.entries()) {
      expect(box.x).toBeGreaterThanOrEqual(bounds.x)
      expect(box.x + box.width).toBeLessThanOrEqual(bounds.x + bounds.width)
      for (const other of placed.slice(index + 1)) expect(overlaps(box, other.box)).toBe(false)
      for (const [place, { x, y, radius }] of dots.entries()) {
        const dot = { x: x - radius, y: y - radius, width: 2 * radius, height: 2 * radius }
        if (place !== own) expect(overlaps(box, dot)).toBe(false)
      }
    }
  })
  it('serves the first in the list first', () => {
    expect(placed[0]?.index).toBe(0)
  })
})

describe('scales', () => {
  it('have round ticks', () => {
    const linear = scaleOf({ scale: 'linear', from: 58 }, [59.9, 79.4], [300, 0], 6)
    expect(linear.ticks.map(({ label }) => label)).toEqual(['60', '65', '70', '75', '80'])
    expect(linear.at(58)).toBe(300)
    const log = scaleOf({ scale: 'log' }, [4, 900], [0, 400], 6)
    expect(log.ticks.map(({ value }) => value)).toEqual(expect.arrayContaining([10, 100]))
    expect(log.at(900)).toBeLessThan(400)
    expect(log.at(4)).toBeGreaterThan(0)
    expect(['1.5 M', '12 G', '300 k', '0.5']).toEqual([1.5e6, 1.2e10, 3e5, 0.5].map(tickText))
  })
})

const scatter: ScatterPlot = {
  kind: 'scatter',
  title: 'a <plot>',
  x: { title: 'ms', scale: 'log' },
  y: { title: 'top-1', scale: 'linear', from: 50 },
  points: dots.map(({ x, y, label }, index) => ({ x, y: 50 + y / 10, label, highlight: index === 3 })),
  front: [
    { x: 60, y: 55 },
    { x: 90, y: 70 },
  ],
}

describe.each([328, 720, 1200])('a plot of %d pixels', (width) => {
  it.each([
    scatter,
    {
      kind: 'bars' as const,
      title: 'bars',
      value: 'times as long',
      series: ['MobileOne wasm', 'ONNX Runtime Web', 'TensorFlow.js wasm'],
      groups: [
        { label: 'with squeeze-and-excite', values: [1.2, null, 3] },
        { label: 'plain', values: [1, 1, 1] },
      ],
    },
  ])('keeps everything within its edges: $kind', (plot) => {
    const { marks, height } = layoutPlot(plot, width)
    expect(marks.length).toBeGreaterThan(8)
    for (const mark of marks) {
      if (mark.kind === 'path') continue
      expect(mark.x).toBeGreaterThanOrEqual(0)
      expect(mark.y).toBeLessThanOrEqual(height)
      if (mark.kind === 'bar') expect(mark.x + mark.width).toBeLessThanOrEqual(width)
      if (mark.kind === 'text' && mark.anchor === 'start')
        expect(mark.x + mark.text.length * 12 * 0.56).toBeLessThanOrEqual(width + 8)
    }
  })
})

describe('plotSvg', () => {
  it('escapes text and shows the highlighted label', () => {
    const svg = plotSvg(scatter)
    expect(svg).toContain('aria-label="a &#60;plot&#62;"')
    expect(svg).toMatch(/class="highlight"[^>]*>Network-3</)
    expect(svg).toMatch(/class="front" d="M[\d.]+ [\d.]+H[\d.]+V[\d.]+"/)
  })
  it('has nothing to draw of nothing', () => {
    expect(layoutPlot({ ...scatter, points: [] }, 700).marks).toEqual([])
  })
})
