import type { Variant } from '@mobileone/core'
import { formatBytes } from '../text-table.ts'
import { intervalText, millions, msColumn, msText, nameColumn, ratioText } from './cells.ts'
import { mobileoneNetwork, trainedNetwork } from './networks.ts'
import { paperTable6 } from './paper.ts'
import type { BarPlot } from './plot.ts'
import { profileOf } from './profile-of.ts'
import type { Study, StudyColumn, StudyNetwork, StudyRow } from './study.ts'
import { gapsOf, isTimed, type Times, timesOf } from './times.ts'

type Sized = keyof typeof paperTable6

const sizes: readonly Sized[] = ['s0', 's1']
const everyK = [1, 2, 3, 4, 5]
const quickK = [1, 4]

const nameOf = (variant: Variant): string => `MobileOne-${variant.toUpperCase()}`
const trainedId = (variant: Variant, k: number): string => `${variant}-k${k}-train`

/** MobileOne as it is trained against what folding makes of it, as the number of branches grows. */
export const branchesStudy: Study = {
  name: 'branches',
  title: 'Branches',
  question: 'What would the training branches cost if they were not folded?',
  paper:
    'A block is trained with k convolution branches beside a 1×1 branch and a skip, which raise accuracy (Tables 5 and 6), and is folded into one convolution before it runs, so the branches cost nothing.',
  method:
    'MobileOne-S0 and -S1 with 1 to 5 branches as they are trained, and the folded network, which is the same for every k.',
  networks: ({ quick = false } = {}) =>
    (quick ? (['s0'] as const) : sizes).flatMap((variant): StudyNetwork[] => [
      mobileoneNetwork(variant),
      ...(quick ? quickK : everyK).map((k) => trainedNetwork(variant, k)),
    ]),
  read(report) {
    const times = timesOf(report)
    const shown = sizes.filter((variant) => everyK.some((k) => isTimed(times, trainedId(variant, k))))
    return {
      tables: shown.map((variant) => ({
        title: nameOf(variant),
        columns: columnsOf(times),
        rows: [foldedRow(times, variant), ...everyK.map((k) => trainedRow(times, variant, k))].filter(
          ({ id }) => isTimed(times, id),
        ),
      })),
      findings: shown.flatMap((variant) => findingsOf(times, variant)),
      plots: shown.map((variant) => plotOf(times, variant)),
      gaps: gapsOf(report, branchesStudy.networks()),
    }
  },
}

function columnsOf({ series }: Times): StudyColumn[] {
  return [
    nameColumn('network', 'Folded, or as trained with k convolution branches in a block.'),
    { title: 'params, M', about: 'Learnable parameters, in millions.', kind: 'counted' },
    {
      title: 'written, MB',
      about: 'Bytes of activations that the layers write in one run.',
      kind: 'counted',
    },
    {
      title: 'steps',
      about: "Kernels that MobileOne's own backend runs one after another.",
      kind: 'counted',
    },
    ...series.flatMap((one): StudyColumn[] => [
      msColumn(one),
      {
        title: '× folded',
        about: `That time over the folded network's, both of ${one.title} on this machine.`,
        kind: 'measured',
      },
      { title: 'memory', about: `What ${one.title} holds after the last run.`, kind: 'measured' },
    ]),
    {
      title: 'paper, top-1, %',
      about: 'Table 6 of the paper: accuracy on ImageNet-1k when trained with so many branches.',
      kind: 'printed',
    },
  ]
}

function cellsOf(times: Times, network: StudyNetwork, base: string): string[] {
  const { params, activationBytes } = profileOf(network)
  return [
    millions(params),
    (activationBytes / 1e6).toFixed(1),
    String(times.steps(network.id) ?? ''),
    ...times.series.flatMap((one) => {
      const own = times.of(network.id, one)
      const bytes = own?.result.memoryBytes ?? null
      return [
        msText(own?.ms),
        ratioText(times.ratio(network.id, base, one)?.ratio),
        bytes === null ? '' : formatBytes(bytes),
      ]
    }),
  ]
}

function foldedRow(times: Times, variant: Sized): StudyRow {
  const network = mobileoneNetwork(variant)
  return { id: network.id, cells: ['folded', ...cellsOf(times, network, variant), ''], highlight: true }
}

function trainedRow(times: Times, variant: Sized, k: number): StudyRow {
  const network = trainedNetwork(variant, k)
  const top1 = paperTable6[variant][k - 1]
  return {
    id: network.id,
    cells: [`k = ${k}`, ...cellsOf(times, network, variant), top1 === undefined ? '' : top1.toFixed(1)],
  }
}

function findingsOf(times: Times, variant: Sized): string[] {
  return times.series.flatMap((one) => {
    const told = everyK.flatMap((k) => {
      const ratio = times.ratio(trainedId(variant, k), variant, one)
      return ratio ? [`k = ${k}: ${intervalText(ratio)}`] : []
    })
    return told.length === 0
      ? []
      : [`${nameOf(variant)}, ${one.title}, with its branches over folded: ${told.join('; ')}.`]
  })
}

function plotOf(times: Times, variant: Sized): BarPlot {
  const rows = [
    { label: 'folded', id: variant as string },
    ...everyK.map((k) => ({ label: `k = ${k}`, id: trainedId(variant, k) })),
  ]
  return {
    kind: 'bars',
    title: nameOf(variant),
    value: 'times as long as folded',
    series: times.series.map(({ title }) => title),
    groups: rows.flatMap(({ label, id }) => {
      const values = times.series.map((one) => times.ratio(id, variant, one)?.ratio ?? null)
      return values.some((value) => value !== null) ? [{ label, values }] : []
    }),
  }
}
