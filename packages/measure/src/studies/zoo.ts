import { type Variant, variants } from '@mobileone/core'
import { isZooName, zoo, zooNames } from '@mobileone/zoo'
import { listText, msColumn, msText, nameColumn, paperCells, paperColumns, ratioText } from './cells.ts'
import { paretoFront } from './front.ts'
import { mobileoneNetwork, zooStudyNetwork } from './networks.ts'
import { paperRow } from './paper.ts'
import type { ScatterPlot } from './plot.ts'
import type { Study, StudyColumn, StudyNetwork, StudyRow } from './study.ts'
import { gapsOf, isTimed, type Series, type Times, timesOf } from './times.ts'

/** timm 1.0's accuracy of Apple's weights. */
const mobileoneTop1: Readonly<Record<Variant, number>> = {
  s0: 71.398,
  s1: 75.76,
  s2: 77.504,
  s3: 78.002,
  s4: 79.446,
}
const variantNames = Object.keys(variants) as Variant[]
const isVariant = (id: string): id is Variant => Object.hasOwn(variants, id)

const quickNetworks = [
  'mobilenetv1_100',
  'mobilenetv2_100',
  'mobilenetv3_small_100',
  'mobilenetv3_large_100',
  'shufflenet_v2_x1_0',
  'efficientnet_b0',
]

/** MobileOne and every network of the zoo, as the paper compares them: TinyNets with ReLU, no probes. */
export function comparedNetworks(quick = false): StudyNetwork[] {
  const others = zooNames.filter(
    (name) => !/^probe_|_silu$/.test(name) && (!quick || quickNetworks.includes(name)),
  )
  return [
    ...(quick ? (['s0', 's1'] as const) : variantNames).map(mobileoneNetwork),
    ...others.map(zooStudyNetwork),
  ]
}

/** Whose accuracy: what the paper printed, or what the weights that can be fetched today have. */
type Basis = 'paper' | 'weights'

interface Accuracy {
  readonly top1: number
  readonly source: string
}

/** Published accuracy on ImageNet-1k, in percent, and whose weights have it. */
export function accuracyOf(id: string, basis: Basis): Accuracy | undefined {
  if (basis === 'paper') {
    const row = paperRow(id)
    return row && { top1: row.top1, source: 'the paper' }
  }
  if (isVariant(id)) return { top1: mobileoneTop1[id], source: `timm/mobileone_${id}.apple_in1k` }
  const published = isZooName(id) ? zoo[id].published : undefined
  return published && { top1: published.top1, source: shortSource(published.source) }
}

function shortSource(source: string): string {
  return source
    .replace(/^https:\/\/download\.pytorch\.org\/models\//, 'torchvision/')
    .replace(/-[0-9a-f]{8}\.pth$/, '')
}

/** Accuracy against latency: who is worth its time. */
export const zooStudy: Study = {
  name: 'zoo',
  title: 'Zoo',
  question: 'Which network is worth its time on this device?',
  paper:
    'On an iPhone 12, a Xeon and an RTX 2080 Ti, MobileOne is faster than networks of its accuracy, and more accurate than networks of its speed (Figure 1, Table 9).',
  method:
    'Every network with random weights at the size of its published ones, batch 1; accuracies are published ones, the paper’s and those of weights that can be fetched today.',
  networks: ({ quick = false } = {}) => comparedNetworks(quick),
  read(report) {
    const times = timesOf(report)
    const networks = comparedNetworks().filter(({ id }) => isTimed(times, id))
    const fronts = frontsOf(times, networks)
    const [first] = times.series
    const speed = ({ id }: StudyNetwork): number =>
      (first && times.of(id, first)?.ms) ?? Number.POSITIVE_INFINITY
    return {
      tables:
        networks.length === 0
          ? []
          : [
              {
                title: 'Accuracy and latency, fastest first',
                columns: columnsOf(times),
                rows: [...networks]
                  .sort((a, b) => speed(a) - speed(b))
                  .map((one) => rowOf(times, fronts, one)),
              },
            ],
      findings: times.series.flatMap((one) => findingsOf(times, fronts, one, networks)),
      plots: times.series.flatMap((one) =>
        (['paper', 'weights'] as const).map((basis) => plotOf(times, fronts, one, basis, networks)),
      ),
      gaps: gapsOf(report, comparedNetworks()),
    }
  },
}

interface Placed {
  readonly id: string
  readonly title: string
  readonly accuracy: number
  readonly ms: number
}

type Fronts = (series: Series, basis: Basis) => readonly Placed[]

function placed(times: Times, one: Series, basis: Basis, networks: readonly StudyNetwork[]): Placed[] {
  return networks.flatMap(({ id, title }) => {
    const [accuracy, own] = [accuracyOf(id, basis), times.of(id, one)]
    return accuracy && own ? [{ id, title, accuracy: accuracy.top1, ms: own.ms }] : []
  })
}

function frontsOf(times: Times, networks: readonly StudyNetwork[]): Fronts {
  const made = new Map<string, readonly Placed[]>()
  return (one, basis) => {
    const key = `${one.contender} ${one.runtime} ${one.threads} ${basis}`
    const front = made.get(key) ?? paretoFront(placed(times, one, basis, networks))
    made.set(key, front)
    return front
  }
}

function columnsOf({ series }: Times): StudyColumn[] {
  return [
    nameColumn('network', 'As its authors call it.'),
    { title: 'top-1, paper, %', about: 'Accuracy on ImageNet-1k as the paper printed it.', kind: 'printed' },
    {
      title: 'top-1, weights, %',
      about:
        'Accuracy of weights that can be fetched today, by timm or torchvision; often trained longer than the authors did.',
      kind: 'printed',
    },
    ...series.flatMap((one): StudyColumn[] => [
      msColumn(one),
      {
        title: 'front',
        about: `No other network measured is both faster in ${one.title} and more accurate: P by the paper's accuracies, W by those of the weights of today.`,
        kind: 'measured',
      },
    ]),
    ...paperColumns,
    { title: 'weights', about: 'Where the weights of today are.', kind: 'name' },
  ]
}

function rowOf(times: Times, fronts: Fronts, { id, title }: StudyNetwork): StudyRow {
  const [paper, weights] = [accuracyOf(id, 'paper'), accuracyOf(id, 'weights')]
  return {
    id,
    cells: [
      title,
      paper?.top1.toFixed(1) ?? '',
      weights?.top1.toFixed(1) ?? '',
      ...times.series.flatMap((one) => {
        const on = (basis: Basis): boolean => fronts(one, basis).some((network) => network.id === id)
        return [msText(times.of(id, one)?.ms), `${on('paper') ? 'P' : ''}${on('weights') ? 'W' : ''}`]
      }),
      ...paperCells(id),
      weights?.source ?? '',
    ],
    highlight: isVariant(id),
  }
}

const basisText: Readonly<Record<Basis, string>> = {
  paper: "the paper's accuracies",
  weights: 'the accuracies of weights of today',
}

function findingsOf(times: Times, fronts: Fronts, one: Series, networks: readonly StudyNetwork[]): string[] {
  return (['paper', 'weights'] as const).flatMap((basis) => {
    const front = fronts(one, basis)
    if (front.length < 2) return []
    const all = placed(times, one, basis, networks)
    const ours = all.filter(({ id }) => isVariant(id))
    const on = ours.filter(({ id }) => front.some((other) => other.id === id))
    const off = ours.filter(({ id }) => !front.some((other) => other.id === id))
    const beaten = off.map((network) => {
      const by = [...all]
        .filter(({ accuracy, ms }) => accuracy >= network.accuracy && ms < network.ms)
        .sort((a, b) => a.ms - b.ms)[0]
      const ratio = by && times.ratio(network.id, by.id, one)
      const doubt = ratio && ratio.low <= 1 ? ', which may be chance' : ''
      return by
        ? `${network.title} is beaten by ${by.title} (${by.accuracy.toFixed(1)} % against ${network.accuracy.toFixed(1)}, ${ratioText(ratio?.ratio)} times as fast${doubt})`
        : `${network.title} is beaten`
    })
    const verdict = [
      on.length > 0
        ? `${listText(on.map(({ title }) => title))} ${on.length === 1 ? 'is' : 'are'} on the front`
        : 'no MobileOne is on the front',
      ...beaten,
    ]
    return [
      `${one.title}, by ${basisText[basis]} (${all.length} networks): ${verdict.join('; ')}. The front, fastest first: ${listText(front.map(({ title }) => title))}.`,
    ]
  })
}

function plotOf(
  times: Times,
  fronts: Fronts,
  one: Series,
  basis: Basis,
  networks: readonly StudyNetwork[],
): ScatterPlot {
  return {
    kind: 'scatter',
    title: `${one.title}, ${basisText[basis]}`,
    x: { title: 'milliseconds', scale: 'log' },
    y: { title: 'top-1, %', scale: 'linear', from: 58 },
    points: placed(times, one, basis, networks).map(({ id, title, accuracy, ms }) => ({
      x: ms,
      y: accuracy,
      label: title,
      highlight: isVariant(id),
    })),
    front: fronts(one, basis).map(({ accuracy, ms }) => ({ x: ms, y: accuracy })),
  }
}
