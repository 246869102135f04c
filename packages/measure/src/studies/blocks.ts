import { profile } from '@mobileone/core'
import type { ProbeLayout, ProbeVariant } from '@mobileone/zoo'
import { intervalText, msColumn, msText, nameColumn, ratioText } from './cells.ts'
import type { BarPlot } from './plot.ts'
import { layoutTitles, probedLayers, probeOf } from './probes.ts'
import type { Study, StudyColumn, StudyRow } from './study.ts'
import { gapsOf, isTimed, type Times, timesOf } from './times.ts'

interface Block {
  readonly kind: ProbeVariant
  readonly title: string
  /** What the network has more of than the plain one. */
  readonly added: Readonly<Record<ProbeLayout, number>>
}

const blocks: readonly Block[] = [
  { kind: 'relu', title: 'plain', added: { dense: 0, separable: 0 } },
  { kind: 'relu_skip', title: 'with skips', added: { dense: 24, separable: 20 } },
  {
    kind: 'se_relu',
    title: 'with squeeze-and-excite',
    added: { dense: probedLayers, separable: probedLayers },
  },
  {
    kind: 'se_relu_skip',
    title: 'with both',
    added: { dense: probedLayers, separable: probedLayers },
  },
]
const layouts = ['dense', 'separable'] as const

/** The paper's Table 3: skip connections and squeeze-and-excite in a network of 30 layers. */
export const blocksStudy: Study = {
  name: 'blocks',
  title: 'Blocks',
  question: 'What do skip connections and squeeze-and-excite cost?',
  paper:
    "Skip connections cost memory access and squeeze-and-excite a synchronisation, so both make a network of 30 layers slower (Table 3). The table's figures could not be found in any source at hand, so none stand here.",
  method:
    'The networks of the study of activations with ReLU: plain, with an addition around every convolution that keeps its shape, with squeeze-and-excite after 28 convolutions, and with both.',
  networks: ({ quick = false } = {}) =>
    (quick ? (['dense'] as const) : layouts).flatMap((layout) =>
      blocks.map(({ kind }) => probeOf(layout, kind)),
    ),
  read(report) {
    const times = timesOf(report)
    const shown = layouts.filter((layout) =>
      blocks.some(({ kind }) => isTimed(times, `probe_${layout}_${kind}`)),
    )
    return {
      tables: shown.map((layout) => ({
        title: layoutTitles[layout],
        columns: columnsOf(times),
        rows: blocks.map((block) => rowOf(times, layout, block)).filter(({ id }) => isTimed(times, id)),
      })),
      findings: shown.flatMap((layout) => findingsOf(times, layout)),
      plots: shown.map((layout) => plotOf(times, layout)),
      gaps: gapsOf(report, blocksStudy.networks()),
    }
  },
}

function columnsOf({ series }: Times): StudyColumn[] {
  return [
    nameColumn('network', 'What is added to the plain network of 30 layers.'),
    {
      title: 'blocks added',
      about: 'How many skips or squeeze-and-excite blocks the network has.',
      kind: 'counted',
    },
    ...series.flatMap((one): StudyColumn[] => [
      msColumn(one),
      {
        title: '× plain',
        about: `That time over the plain network's, both of ${one.title} on this machine.`,
        kind: 'measured',
      },
      {
        title: 'more a block, µs',
        about: 'What the network takes longer than the plain one, over the blocks added: microseconds.',
        kind: 'measured',
      },
    ]),
    {
      title: 'written, MB',
      about: 'Bytes of activations that the layers write in one run, in-place functions not counted.',
      kind: 'counted',
    },
    {
      title: 'steps',
      about: "Kernels that MobileOne's own backend runs one after another.",
      kind: 'counted',
    },
  ]
}

function rowOf(times: Times, layout: ProbeLayout, { kind, title, added }: Block): StudyRow {
  const [id, base] = [`probe_${layout}_${kind}`, `probe_${layout}_relu`]
  const count = added[layout]
  return {
    id,
    cells: [
      title,
      kind === 'se_relu_skip' ? `${count} + ${blocks[1]?.added[layout]}` : String(count || ''),
      ...times.series.flatMap((one) => {
        const [own, plain] = [times.of(id, one)?.ms, times.of(base, one)?.ms]
        const canTell = own !== undefined && plain !== undefined && count > 0 && kind !== 'se_relu_skip'
        return [
          msText(own),
          ratioText(times.ratio(id, base, one)?.ratio),
          canTell ? ((1000 * (own - plain)) / count).toFixed(0) : '',
        ]
      }),
      (profile(probeOf(layout, kind).graph()).activationBytes / 1e6).toFixed(1),
      String(times.steps(id) ?? ''),
    ],
    highlight: kind === 'relu',
  }
}

function findingsOf(times: Times, layout: ProbeLayout): string[] {
  const base = `probe_${layout}_relu`
  return times.series.flatMap((one) => {
    const told = blocks.slice(1).flatMap(({ kind, title }) => {
      const ratio = times.ratio(`probe_${layout}_${kind}`, base, one)
      if (!ratio) return []
      const alike = ratio.low <= 1 && ratio.high >= 1 ? ', which may be nothing' : ''
      return [`${title} ${intervalText(ratio)}${alike}`]
    })
    return told.length === 0
      ? []
      : [`${layoutTitles[layout]}, ${one.title}, times the plain network: ${told.join('; ')}.`]
  })
}

function plotOf(times: Times, layout: ProbeLayout): BarPlot {
  return {
    kind: 'bars',
    title: layoutTitles[layout],
    value: 'times as long as the plain network',
    series: times.series.map(({ title }) => title),
    groups: blocks.flatMap(({ kind, title }) => {
      const values = times.series.map(
        (one) => times.ratio(`probe_${layout}_${kind}`, `probe_${layout}_relu`, one)?.ratio ?? null,
      )
      return values.some((value) => value !== null) ? [{ label: title, values }] : []
    }),
  }
}
