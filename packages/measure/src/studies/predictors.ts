import { nameColumn } from './cells.ts'
import { paperSet, paperTable1, paperTable9 } from './paper.ts'
import type { ScatterPlot } from './plot.ts'
import { profileOf } from './profile-of.ts'
import { type RankCorrelation, spearman } from './spearman.ts'
import type { Study, StudyColumn, StudyNetwork, StudyRow, StudyTable } from './study.ts'
import { gapsOf, type Series, type Times, timesOf } from './times.ts'
import { comparedNetworks } from './zoo.ts'

/** Something that could tell how long a network takes, before anyone runs it. */
interface Predictor {
  readonly key: 'flops' | 'params' | 'bytes' | 'layers'
  readonly title: string
  readonly about: string
  of(network: StudyNetwork): number
}

const predictors: readonly Predictor[] = [
  {
    key: 'flops',
    title: 'FLOPs',
    about:
      'Multiply-accumulates of convolutions, linear layers and products of matrices: what the paper calls FLOPs.',
    of: (network) => profileOf(network).macs,
  },
  {
    key: 'params',
    title: 'parameters',
    about: 'Learnable parameters of the folded network.',
    of: (network) => profileOf(network).params,
  },
  {
    key: 'bytes',
    title: 'activation bytes',
    about: 'Bytes of activations that the layers write in one run; in-place functions are not counted.',
    of: (network) => profileOf(network).activationBytes,
  },
  {
    key: 'layers',
    title: 'layers',
    about: 'Nodes of the folded network, activation functions included.',
    of: (network) => network.graph().nodes.length,
  },
]

/** Of fewer, a correlation says nothing. */
const leastNetworks = 5

interface NetworkSet {
  readonly title: string
  readonly networks: readonly StudyNetwork[]
  /** Whether the paper's Table 1 is of this set. */
  readonly isPapers: boolean
}

/** The paper's Table 1: what predicts latency. */
export const predictorsStudy: Study = {
  name: 'predictors',
  title: 'What predicts latency',
  question: 'Do parameters or FLOPs tell how fast a network is here?',
  paper:
    "Over 21 networks, latency on the phone follows FLOPs moderately (Spearman's rho 0.47) and parameters weakly (0.30); latency on the CPU follows neither (0.06 and 0.07; Table 1).",
  method:
    "Spearman's rank correlation with average ranks for ties, and p two-sided by Student's t with n − 2 degrees of freedom, over two sets: the paper's 21 networks, as far as they were measured, and all that were.",
  networks: ({ quick = false } = {}) => comparedNetworks(quick),
  read(report) {
    const times = timesOf(report)
    const measured = comparedNetworks().filter(({ id }) =>
      times.series.every((one) => times.of(id, one) !== undefined),
    )
    const enough = times.series.length > 0 && measured.length >= leastNetworks
    const papers = measured.filter(({ id }) => paperSet.includes(id))
    const sets: readonly NetworkSet[] = [
      { title: `The paper's set: ${papers.length} of its 21 networks`, networks: papers, isPapers: true },
      { title: `All ${measured.length} networks`, networks: measured, isPapers: false },
    ].filter(({ networks }) => networks.length >= leastNetworks)
    return {
      tables: enough ? sets.map((set) => tableOf(times, set)) : [],
      findings: enough ? times.series.flatMap((one) => sets.map((set) => findingOf(times, one, set))) : [],
      plots: enough
        ? times.series.flatMap((one) =>
            predictors.slice(0, 3).map((predictor) => plotOf(times, one, predictor, measured)),
          )
        : [],
      gaps: gapsOf(report, comparedNetworks()),
    }
  },
}

/** rho and p of a printed column of the paper's Table 9 with a printed latency, over the rows whose ids are in `ids`. */
export function paperCorrelation(
  ids: readonly string[],
  predictor: 'flops' | 'params',
  latency: 'mobile' | 'cpu',
): RankCorrelation {
  const rows = paperTable9.filter((row) => ids.includes(row.id) && row[latency] !== null)
  return spearman(
    rows.map((row) => row[predictor]),
    rows.map((row) => row[latency] as number),
  )
}

function correlation(
  times: Times,
  one: Series,
  predictor: Predictor,
  networks: readonly StudyNetwork[],
): RankCorrelation {
  return spearman(
    networks.map((network) => predictor.of(network)),
    networks.map(({ id }) => times.of(id, one)?.ms ?? Number.NaN),
  )
}

function tableOf(times: Times, { title, networks, isPapers }: NetworkSet): StudyTable {
  const ids = networks.map(({ id }) => id)
  const columns: StudyColumn[] = [
    nameColumn('predictor', 'What is known of a network before it runs.'),
    ...times.series.map(
      (one): StudyColumn => ({
        title: `${one.title}, rho (p)`,
        about: `Spearman's rho with the milliseconds of ${one.title} on this machine over ${networks.length} networks, and its p.`,
        kind: 'measured',
      }),
    ),
    {
      title: 'iPhone 12, same networks',
      about: "The same of the paper's printed figures: over those of these networks that its Table 9 has.",
      kind: 'printed',
    },
    {
      title: 'Xeon, same networks',
      about: "The same of the paper's printed figures: over those of these networks that its Table 9 has.",
      kind: 'printed',
    },
    ...(isPapers
      ? [
          {
            title: 'iPhone 12, Table 1',
            about: 'As the paper printed it, over its 21 networks.',
            kind: 'printed' as const,
          },
          {
            title: 'Xeon, Table 1',
            about: 'As the paper printed it, over its 21 networks.',
            kind: 'printed' as const,
          },
        ]
      : []),
  ]
  const rows = predictors.map((predictor): StudyRow => {
    const { key } = predictor
    const printed = key === 'flops' || key === 'params'
    const recomputed = (latency: 'mobile' | 'cpu'): string =>
      printed ? rhoText(paperCorrelation(ids, key, latency)) : ''
    const table1 = (latency: 'mobile' | 'cpu'): string => {
      if (!printed) return ''
      const { rho, p } = paperTable1[latency][key]
      return `${rho.toFixed(2)} (${p.toFixed(2)})`
    }
    return {
      id: key,
      cells: [
        predictor.title,
        ...times.series.map((one) => rhoText(correlation(times, one, predictor, networks))),
        recomputed('mobile'),
        recomputed('cpu'),
        ...(isPapers ? [table1('mobile'), table1('cpu')] : []),
      ],
    }
  })
  return { title, columns, rows }
}

/** `0.47 (0.03)`; p below 0.001 as `< 0.001`. */
export function rhoText({ rho, p }: RankCorrelation): string {
  if (Number.isNaN(rho)) return ''
  return `${rho.toFixed(2)} (${p < 0.001 ? '< 0.001' : p.toFixed(p < 0.01 ? 3 : 2)})`
}

function findingOf(times: Times, one: Series, { networks, isPapers }: NetworkSet): string {
  const ranked = predictors
    .map((predictor) => ({ predictor, ...correlation(times, one, predictor, networks) }))
    .sort((a, b) => Math.abs(b.rho) - Math.abs(a.rho))
  const told = ranked.map(
    ({ predictor, rho, p }) =>
      `${predictor.title} ${rho.toFixed(2)} (p ${p < 0.001 ? '< 0.001' : `= ${p.toFixed(p < 0.01 ? 3 : 2)}`})`,
  )
  const best = ranked[0]
  const which = isPapers ? `the paper's set (${networks.length} networks)` : `all ${networks.length} networks`
  const lead =
    best && best.p < 0.05 ? `${best.predictor.title} tell the most` : 'nothing of these tells the latency'
  return `${one.title}, ${which}: ${lead}. rho: ${told.join(', ')}.`
}

function plotOf(
  times: Times,
  one: Series,
  predictor: Predictor,
  networks: readonly StudyNetwork[],
): ScatterPlot {
  return {
    kind: 'scatter',
    title: `${one.title}, ${predictor.title}`,
    x: { title: predictor.key === 'bytes' ? 'activation bytes' : predictor.title, scale: 'log' },
    y: { title: 'milliseconds', scale: 'log' },
    points: networks.flatMap((network) => {
      const own = times.of(network.id, one)
      const highlight = /^s[0-4]$/.test(network.id)
      return own ? [{ x: predictor.of(network), y: own.ms, label: network.title, highlight }] : []
    }),
  }
}
