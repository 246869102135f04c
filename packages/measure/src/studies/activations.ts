import type { ProbeActivation } from '@mobileone/zoo'
import { intervalText, listText, msColumn, msText, nameColumn, ratioText } from './cells.ts'
import { paperTable2 } from './paper.ts'
import type { BarPlot } from './plot.ts'
import { layoutTitles, probedLayers, probeOf } from './probes.ts'
import type { Study, StudyColumn, StudyRow } from './study.ts'
import { gapsOf, isTimed, type Times, timesOf } from './times.ts'

const activations: readonly (readonly [activation: ProbeActivation, title: string])[] = [
  ['relu', 'ReLU'],
  ['gelu', 'GELU'],
  ['se_relu', 'SE-ReLU'],
  ['silu', 'SiLU'],
  ['dynamic_shift_max', 'Dynamic Shift-Max'],
  ['dynamic_relu_a', 'Dynamic ReLU-A'],
  ['dynamic_relu_b', 'Dynamic ReLU-B'],
]
const quick: readonly ProbeActivation[] = ['relu', 'silu', 'se_relu', 'dynamic_relu_b']

const paperRatio = (activation: string): number =>
  (paperTable2[activation] as number) / (paperTable2.relu as number)

/** The paper's Table 2: networks of 30 layers that differ in their activation alone. */
export const activationsStudy: Study = {
  name: 'activations',
  title: 'Activations',
  question: 'What does an activation function cost?',
  paper:
    'In a network of 30 layers on an iPhone 12, activations of later years cost up to 179 times as much as ReLU, though their share of the multiply-adds is nothing (Table 2). So MobileOne uses ReLU alone, and squeeze-and-excite only in S4.',
  method:
    'Networks of 29 convolutions and a linear layer at 224 px, alike but for the activation of 28 of the convolutions; once dense and once in pairs of depthwise and 1×1, since the paper does not describe its layers.',
  networks: ({ quick: isQuick = false } = {}) =>
    (isQuick ? (['dense'] as const) : (['dense', 'separable'] as const)).flatMap((layout) =>
      activations
        .filter(([activation]) => !isQuick || quick.includes(activation))
        .map(([activation]) => probeOf(layout, activation)),
    ),
  read(report) {
    const times = timesOf(report)
    const layouts = (['dense', 'separable'] as const).filter((layout) =>
      activations.some(([activation]) => isTimed(times, `probe_${layout}_${activation}`)),
    )
    return {
      tables: layouts.map((layout) => ({
        title: layoutTitles[layout],
        columns: columnsOf(times),
        rows: activations.map((named) => rowOf(times, layout, named)).filter(({ id }) => isTimed(times, id)),
      })),
      findings: layouts.flatMap((layout) => findingsOf(times, layout)),
      plots: layouts.map((layout) => plotOf(times, layout)),
      gaps: gapsOf(report, activationsStudy.networks()),
    }
  },
}

function columnsOf({ series }: Times): StudyColumn[] {
  return [
    nameColumn('activation', 'The function after each of 28 convolutions.'),
    ...series.flatMap((one): StudyColumn[] => [
      msColumn(one),
      {
        title: '× ReLU',
        about: `That time over the time of the network with ReLU, both of ${one.title} on this machine.`,
        kind: 'measured',
      },
      {
        title: 'more a layer, µs',
        about:
          'What the network takes longer than that with ReLU, over the 28 layers that have the activation: microseconds.',
        kind: 'measured',
      },
    ]),
    {
      title: 'steps',
      about: "Kernels that MobileOne's own backend runs one after another; the other runtimes do not tell.",
      kind: 'counted',
    },
    {
      title: 'paper, iPhone 12, ms',
      about: 'Table 2 of the paper. Its network has 30 layers too, but their widths are not published.',
      kind: 'printed',
    },
    { title: 'paper, × ReLU', about: "The paper's time over its time with ReLU.", kind: 'printed' },
  ]
}

function rowOf(
  times: Times,
  layout: 'dense' | 'separable',
  [activation, title]: readonly [string, string],
): StudyRow {
  const [id, base] = [`probe_${layout}_${activation}`, `probe_${layout}_relu`]
  return {
    id,
    cells: [
      title,
      ...times.series.flatMap((one) => {
        const [own, relu] = [times.of(id, one)?.ms, times.of(base, one)?.ms]
        const more =
          own === undefined || relu === undefined ? undefined : (1000 * (own - relu)) / probedLayers
        return [
          msText(own),
          ratioText(times.ratio(id, base, one)?.ratio),
          more === undefined || activation === 'relu' ? '' : more.toFixed(0),
        ]
      }),
      String(times.steps(id) ?? ''),
      msText(paperTable2[activation]),
      ratioText(paperRatio(activation)),
    ],
    highlight: activation === 'relu',
  }
}

function findingsOf(times: Times, layout: 'dense' | 'separable'): string[] {
  const base = `probe_${layout}_relu`
  return times.series.flatMap((one) => {
    const ranked = activations
      .filter(([activation]) => activation !== 'relu')
      .flatMap(([activation, title]) => {
        const ratio = times.ratio(`probe_${layout}_${activation}`, base, one)
        return ratio ? [{ activation, title, ratio }] : []
      })
      .sort((a, b) => b.ratio.ratio - a.ratio.ratio)
    const [worst] = ranked
    const cheap = ranked.filter(({ ratio }) => ratio.low <= 1)
    if (!worst) return []
    const free =
      cheap.length === 0
        ? 'None is as cheap as ReLU.'
        : `${listText(cheap.map(({ title }) => title))} cannot be told from ReLU.`
    return [
      `${layoutTitles[layout]}, ${one.title}: the dearest is ${worst.title} at ${intervalText(worst.ratio)} times ReLU, in the paper ${ratioText(paperRatio(worst.activation))} times. ${free}`,
    ]
  })
}

function plotOf(times: Times, layout: 'dense' | 'separable'): BarPlot {
  return {
    kind: 'bars',
    title: layoutTitles[layout],
    value: 'times as long as with ReLU',
    series: times.series.map(({ title }) => title),
    groups: activations.flatMap(([activation, label]) => {
      const values = times.series.map(
        (one) => times.ratio(`probe_${layout}_${activation}`, `probe_${layout}_relu`, one)?.ratio ?? null,
      )
      return values.some((value) => value !== null) ? [{ label, values }] : []
    }),
  }
}
