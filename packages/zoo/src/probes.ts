/** The bottleneck probes: networks of one layout that differ in one thing, for studies of what that costs. */
import type { ProbeActivation, ProbeLayout } from './families/probe.ts'

/** What a probe has after its convolutions. */
export type ProbeVariant = ProbeActivation | 'relu_skip' | 'se_relu_skip'

/** The name of a probe, that of the reference. */
export type ProbeName = `probe_${ProbeLayout}_${ProbeVariant}`

/** What is known of a probe besides its layers. */
export interface Probe {
  readonly name: ProbeName
  /** As people write it: the layout, then what follows the convolutions. */
  readonly title: string
  readonly layout: ProbeLayout
  readonly activation: ProbeActivation
  /** Whether the input is added wherever the shape stays. */
  readonly skip: boolean
  /** Learnable parameters of 1000 classes. */
  readonly params: number
  /** Multiply-accumulates of convolutions and the linear layer at 224 x 224. */
  readonly macs: number
  /** Milliseconds of the paper's network of 30 layers with this activation on an iPhone 12 (arXiv 2206.04040, Table 2). */
  readonly paperMs?: number
}

interface Row {
  readonly title: string
  readonly activation: ProbeActivation
  readonly skip: boolean
  readonly paperMs?: number
}

const rows: Readonly<Record<ProbeVariant, Row>> = {
  relu: { title: 'ReLU', activation: 'relu', skip: false, paperMs: 1.53 },
  gelu: { title: 'GELU', activation: 'gelu', skip: false, paperMs: 1.63 },
  se_relu: { title: 'SE-ReLU', activation: 'se_relu', skip: false, paperMs: 2.1 },
  silu: { title: 'SiLU', activation: 'silu', skip: false, paperMs: 2.54 },
  dynamic_shift_max: {
    title: 'Dynamic Shift-Max',
    activation: 'dynamic_shift_max',
    skip: false,
    paperMs: 57.04,
  },
  dynamic_relu_a: { title: 'Dynamic ReLU A', activation: 'dynamic_relu_a', skip: false, paperMs: 273.49 },
  dynamic_relu_b: { title: 'Dynamic ReLU B', activation: 'dynamic_relu_b', skip: false, paperMs: 242.14 },
  relu_skip: { title: 'ReLU with skip connections', activation: 'relu', skip: true },
  se_relu_skip: { title: 'SE-ReLU with skip connections', activation: 'se_relu', skip: true },
}

const layouts: Readonly<Record<ProbeLayout, string>> = { dense: 'Dense', separable: 'Separable' }

const plain = { dense: [5_081_224, 776_980_480], separable: [1_363_080, 183_265_536] } as const

/** Parameters and multiply-accumulates, fvcore's. */
const counts: Readonly<
  Record<ProbeActivation, Readonly<Record<ProbeLayout, readonly [params: number, macs: number]>>>
> = {
  relu: plain,
  gelu: plain,
  silu: plain,
  se_relu: { dense: [5_157_114, 777_052_800], separable: [1_584_715, 183_480_864] },
  dynamic_relu_a: { dense: [5_155_756, 777_054_480], separable: [1_582_230, 183_483_832] },
  dynamic_relu_b: { dense: [5_456_684, 777_342_080], separable: [2_464_206, 184_342_176] },
  dynamic_shift_max: { dense: [5_456_684, 777_342_080], separable: [2_464_688, 184_342_656] },
}

/** Every probe, by its name: for each layout the activations of the paper's Table 2 in its order, then skip connections. */
export const probes: Readonly<Record<ProbeName, Probe>> = Object.fromEntries(
  (Object.keys(layouts) as ProbeLayout[]).flatMap((layout) =>
    (Object.keys(rows) as ProbeVariant[]).map((variant) => {
      const { title, ...row } = rows[variant]
      const [params, macs] = counts[row.activation][layout]
      const name: ProbeName = `probe_${layout}_${variant}`
      return [name, { name, title: `${layouts[layout]}, ${title}`, layout, ...row, params, macs }]
    }),
  ),
) as Record<ProbeName, Probe>

/** The names of all probes. */
export const probeNames: readonly ProbeName[] = Object.keys(probes) as ProbeName[]
