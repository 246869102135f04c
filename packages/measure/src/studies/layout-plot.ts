import { type Box, placeLabels, textWidth } from './place-labels.ts'
import type { BarPlot, Plot, ScatterPlot } from './plot.ts'
import { type Scale, scaleOf } from './scale.ts'

/** A part of a picture: whoever draws gives each `role` its look. */
export type Mark =
  | { readonly kind: 'path'; readonly d: string; readonly role: 'grid' | 'axis' | 'front' }
  | {
      readonly kind: 'dot'
      readonly x: number
      readonly y: number
      readonly radius: number
      readonly isHighlight: boolean
      /** For a pointer that rests on it. */
      readonly title: string
    }
  | {
      readonly kind: 'bar'
      readonly x: number
      readonly y: number
      readonly width: number
      readonly height: number
      /** Place of its series, from 0. */
      readonly series: number
      readonly title: string
    }
  | {
      readonly kind: 'text'
      readonly x: number
      readonly y: number
      readonly text: string
      readonly anchor: 'start' | 'middle' | 'end'
      readonly role: 'tick' | 'label' | 'highlight' | 'axis' | 'value' | 'legend'
    }

/** A plot with everything in its place; y grows downwards. */
export interface PlotLayout {
  readonly width: number
  readonly height: number
  readonly fontSize: number
  readonly marks: readonly Mark[]
}

const fontSize = 12

/** The plot at `width` pixels: a phone's or a page's. A plot without data has no marks. */
export function layoutPlot(plot: Plot, width: number): PlotLayout {
  switch (plot.kind) {
    case 'scatter':
      return layoutScatter(plot, width)
    case 'bars':
      return layoutBars(plot, width)
    default:
      return plot satisfies never
  }
}

function layoutScatter({ points, x, y, front = [] }: ScatterPlot, width: number): PlotLayout {
  const height = Math.round(Math.min(520, Math.max(320, width * 0.62)))
  if (points.length === 0) return { width, height: 0, fontSize, marks: [] }
  const bounds = { x: 44, y: 24, width: width - 44 - 10, height: height - 24 - 44 }
  const [right, bottom] = [bounds.x + bounds.width, bounds.y + bounds.height]
  const xs = scaleOf(
    x,
    points.map((point) => point.x),
    [bounds.x, right],
    width / 90,
  )
  const ys = scaleOf(
    y,
    points.map((point) => point.y),
    [bottom, bounds.y],
    6,
  )
  const radius = width < 500 ? 4 : 5
  const onFront = new Set(front.map((point) => `${point.x} ${point.y}`))
  const rank = (point: ScatterPlot['points'][number]): number =>
    point.highlight ? 0 : onFront.has(`${point.x} ${point.y}`) ? 1 : 2
  const ordered = [...points].sort((a, b) => rank(a) - rank(b))
  const dots = ordered.map((point) => ({
    x: xs.at(point.x),
    y: ys.at(point.y),
    radius,
    label: point.label,
    isBold: point.highlight ?? false,
  }))
  // Labels of the highest dots may stand above the plot, beside the title of its axis.
  const room = { x: bounds.x, y: 0, width: bounds.width + 8, height: bottom }
  const axisTitle = { x: 0, y: 0, width: 8 + textWidth(y.title, fontSize), height: 20 }
  const corner = front.flatMap((point, index) => {
    const [px, py] = [round(xs.at(point.x)), round(ys.at(point.y))]
    return index === 0 ? [`M${px} ${py}`] : [`H${px}`, `V${py}`]
  })
  return {
    width,
    height,
    fontSize,
    marks: [
      ...ys.ticks.flatMap(({ value, label }): Mark[] => [
        { kind: 'path', d: `M${bounds.x} ${round(ys.at(value))}H${right}`, role: 'grid' },
        text(bounds.x - 6, ys.at(value) + 4, label, 'end', 'tick'),
      ]),
      ...xs.ticks.flatMap(({ value, label }): Mark[] => [
        { kind: 'path', d: `M${round(xs.at(value))} ${bounds.y}V${bottom}`, role: 'grid' },
        text(xs.at(value), bottom + 18, label, 'middle', 'tick'),
      ]),
      { kind: 'path', d: `M${bounds.x} ${bounds.y}V${bottom}H${right}`, role: 'axis' },
      text(2, 13, y.title, 'start', 'axis'),
      text(right, height - 6, x.title, 'end', 'axis'),
      ...(corner.length > 1 ? [{ kind: 'path', d: corner.join(''), role: 'front' } as const] : []),
      ...dots.map((dot, index): Mark => {
        const point = ordered[index] as ScatterPlot['points'][number]
        const title = `${point.label}: ${tick(point.x)} ${x.title}, ${tick(point.y)} ${y.title}`
        const { x: left, y: top } = dot
        return {
          kind: 'dot',
          x: round(left),
          y: round(top),
          radius,
          isHighlight: point.highlight ?? false,
          title,
        }
      }),
      ...placeLabels(dots, room, fontSize, [axisTitle, ...steps(front, xs, ys)]).map((label): Mark => {
        const point = ordered[label.index] as ScatterPlot['points'][number]
        return text(label.x, label.y, point.label, label.anchor, point.highlight ? 'highlight' : 'label')
      }),
    ],
  }
}

/** The stepped line through a front, as thin boxes. */
function steps(front: NonNullable<ScatterPlot['front']>, xs: Scale, ys: Scale): Box[] {
  return front.slice(1).flatMap((point, index) => {
    const before = front[index] as (typeof front)[number]
    const [left, right] = [xs.at(before.x), xs.at(point.x)]
    const [low, high] = [ys.at(before.y), ys.at(point.y)]
    return [
      { x: left, y: low - 1, width: right - left, height: 2 },
      { x: right - 1, y: high, width: 2, height: low - high },
    ]
  })
}

const barHeight = 14
const barGap = 3
const groupGap = 14

function layoutBars({ groups, series, value }: BarPlot, width: number): PlotLayout {
  const all = groups.flatMap(({ values }) => values.flatMap((each) => each ?? []))
  if (all.length === 0) return { width, height: 0, fontSize, marks: [] }
  const isNarrow = width < 500
  const widest = Math.max(...groups.map(({ label }) => textWidth(label, fontSize)))
  const left = isNarrow ? 2 : Math.min(width * 0.3, widest + 12)
  const longest = Math.max(...all)
  const length = (each: number): number => (each / longest) * (width - left - 52)
  const marks: Mark[] = []
  let y = 12
  let x = 2
  for (const [index, title] of series.entries()) {
    const needed = 22 + textWidth(title, fontSize) + 14
    if (x > 2 && x + needed > width) {
      x = 2
      y += 20
    }
    marks.push({ kind: 'bar', x, y: y - 9, width: 12, height: 10, series: index, title })
    marks.push(text(x + 18, y, title, 'start', 'legend'))
    x += needed
  }
  y += 20
  marks.push(text(left, y, value, 'start', 'axis'))
  y += 10
  for (const { label, values } of groups) {
    if (isNarrow) marks.push(text(left, (y += 14), label, 'start', 'label'))
    else {
      const middle = y + (values.length * (barHeight + barGap)) / 2 + 3
      marks.push(text(left - 8, middle, label, 'end', 'label'))
    }
    if (isNarrow) y += 5
    for (const [index, each] of values.entries()) {
      if (each !== null) {
        const bar = { x: left, y, width: round(Math.max(1, length(each))), height: barHeight }
        marks.push({ kind: 'bar', ...bar, series: index, title: `${label}, ${series[index]}: ${tick(each)}` })
        marks.push(text(left + bar.width + 5, y + barHeight - 3, tick(each), 'start', 'value'))
      }
      y += barHeight + barGap
    }
    y += groupGap
  }
  return { width, height: y, fontSize, marks }
}

function text(
  x: number,
  y: number,
  words: string,
  anchor: 'start' | 'middle' | 'end',
  role: Extract<Mark, { kind: 'text' }>['role'],
): Mark {
  return { kind: 'text', x: round(x), y: round(y), text: words, anchor, role }
}

function tick(value: number): string {
  return value >= 1e4 ? `${Number((value / 1e6).toPrecision(3))} M` : String(Number(value.toPrecision(3)))
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
