/** Plots as data, in the units of what was measured; `layoutPlot` places them, and whoever draws chooses lines and colours. */

/** A plot of a study. */
export type Plot = ScatterPlot | BarPlot

/** An axis of numbers. Logarithmic ones begin and end at the data; others begin at 0, unless `from` says where. */
export interface Axis {
  readonly title: string
  readonly scale: 'linear' | 'log'
  readonly from?: number
}

/** A mark of a scatter plot. */
export interface ScatterPoint {
  readonly x: number
  readonly y: number
  readonly label: string
  readonly highlight?: boolean
}

/** Marks on two axes, with a line through those of `front`. */
export interface ScatterPlot {
  readonly kind: 'scatter'
  readonly title: string
  readonly x: Axis
  readonly y: Axis
  readonly points: readonly ScatterPoint[]
  /** Points in order of x that a stepped line goes through. */
  readonly front?: readonly { readonly x: number; readonly y: number }[]
}

/** Bars in groups: one for each of `series`. */
export interface BarPlot {
  readonly kind: 'bars'
  readonly title: string
  /** What a bar's length is. */
  readonly value: string
  readonly series: readonly string[]
  /** `values` has one for each series; null where there is none. */
  readonly groups: readonly { readonly label: string; readonly values: readonly (number | null)[] }[]
}
