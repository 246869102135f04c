import { msColumn, msText, nameColumn, paperCells, paperColumns, ratioText } from './cells.ts'
import { networkNamed, resized } from './networks.ts'
import type { BarPlot } from './plot.ts'
import { profileOf } from './profile-of.ts'
import type { Study, StudyColumn, StudyNetwork, StudyTable } from './study.ts'
import { gapsOf, isTimed, type Times, timesOf } from './times.ts'

const names = ['s0', 's1', 'mobilenetv2_100']
const quickNames = ['s0']
const sizes = [128, 160, 192, 224, 256]
const quickSizes = [160, 224, 256]
const batches = [1, 2, 4]
const quickBatches = [1, 2]
/** At which the paper measures, and which the networks are named without. */
const usual = 224

const baseOf = (name: string): StudyNetwork | undefined => networkNamed(name)

function atSize(base: StudyNetwork, size: number): StudyNetwork {
  return size === usual ? base : resized(base, { size })
}

function ofBatch(base: StudyNetwork, batch: number): StudyNetwork {
  return batch === 1 ? base : resized(base, { batch })
}

function networksOf(
  whose: readonly string[],
  pixels: readonly number[],
  many: readonly number[],
): StudyNetwork[] {
  const all = whose.flatMap((name) => {
    const base = baseOf(name)
    return base
      ? [...pixels.map((size) => atSize(base, size)), ...many.map((batch) => ofBatch(base, batch))]
      : []
  })
  return [...new Map(all.map((network) => [network.id, network])).values()]
}

/** How time grows with pixels and with pictures. */
export const resolutionStudy: Study = {
  name: 'resolution',
  title: 'Resolution and batch',
  question: 'How does time grow with the picture, and with several at once?',
  paper:
    'The paper measures at 224 × 224 pixels and one picture at a time (MobileViT at 256), and trains from 160 pixels up; it does not say how latency grows.',
  method:
    'Networks at 128 to 256 pixels and at batches of 1 to 4. Multiply-adds grow with the square of the side; time that grows less pays for what does not depend on pixels.',
  networks: ({ quick = false } = {}) =>
    quick ? networksOf(quickNames, quickSizes, quickBatches) : networksOf(names, sizes, batches),
  read(report) {
    const times = timesOf(report)
    const shown = names
      .flatMap((name) => baseOf(name) ?? [])
      .filter((base) => sizes.some((size) => isTimed(times, atSize(base, size).id)))
    return {
      tables: shown.flatMap((base) => [sizeTable(times, base), batchTable(times, base)]).filter(hasRows),
      findings: shown.flatMap((base) => findingsOf(times, base)),
      plots: shown.map((base) => plotOf(times, base)),
      gaps: gapsOf(report, resolutionStudy.networks()),
    }
  },
}

function hasRows({ rows }: StudyTable): boolean {
  return rows.length > 1
}

function sizeTable(times: Times, base: StudyNetwork): StudyTable {
  const columns: StudyColumn[] = [
    nameColumn('pixels', 'Side of the square picture.'),
    { title: 'MACs, M', about: 'Multiply-accumulates of one run, in millions.', kind: 'counted' },
    { title: 'MACs × 224', about: 'Multiply-accumulates over those at 224 pixels.', kind: 'counted' },
    ...times.series.flatMap((one): StudyColumn[] => [
      msColumn(one),
      { title: '× 224', about: `That time over the time of ${one.title} at 224 pixels.`, kind: 'measured' },
    ]),
    ...paperColumns,
  ]
  const usualMacs = profileOf(base).macs
  const rows = sizes
    .map((size) => ({ size, network: atSize(base, size) }))
    .filter(({ network }) => isTimed(times, network.id))
    .map(({ size, network }) => {
      const { macs } = profileOf(network)
      return {
        id: network.id,
        cells: [
          String(size),
          (macs / 1e6).toFixed(0),
          ratioText(macs / usualMacs),
          ...times.series.flatMap((one) => [
            msText(times.of(network.id, one)?.ms),
            ratioText(times.ratio(network.id, base.id, one)?.ratio),
          ]),
          ...(size === usual ? paperCells(base.id) : ['', '', '']),
        ],
        highlight: size === usual,
      }
    })
  return { title: `${base.title}, by resolution`, columns, rows }
}

function batchTable(times: Times, base: StudyNetwork): StudyTable {
  const columns: StudyColumn[] = [
    nameColumn('batch', 'Pictures at once, 224 pixels.'),
    ...times.series.flatMap((one): StudyColumn[] => [
      msColumn(one),
      {
        title: 'ms a picture',
        about: `That time over the pictures of ${one.title}'s run.`,
        kind: 'measured',
      },
    ]),
  ]
  const rows = batches
    .map((batch) => ({ batch, network: ofBatch(base, batch) }))
    .filter(({ network }) => isTimed(times, network.id))
    .map(({ batch, network }) => ({
      id: network.id,
      cells: [
        String(batch),
        ...times.series.flatMap((one) => {
          const ms = times.of(network.id, one)?.ms
          return [msText(ms), ms === undefined ? '' : msText(ms / batch)]
        }),
      ],
      highlight: batch === 1,
    }))
  return { title: `${base.title}, by batch`, columns, rows }
}

function findingsOf(times: Times, base: StudyNetwork): string[] {
  return times.series.flatMap((one) => {
    const told: string[] = []
    const present = sizes.filter((size) => times.of(atSize(base, size).id, one))
    const [small, large] = [present[0], present.at(-1)]
    if (small !== undefined && large !== undefined && small !== large) {
      const [from, to] = [atSize(base, small), atSize(base, large)]
      const macs = profileOf(to).macs / profileOf(from).macs
      const ratio = times.ratio(to.id, from.id, one)
      told.push(
        `from ${small} to ${large} pixels it takes ${ratioText(ratio?.ratio)} times as long for ${ratioText(macs)} times the multiply-adds`,
      )
    }
    const most = batches.filter((batch) => times.of(ofBatch(base, batch).id, one)).at(-1) ?? 1
    const ratio = most > 1 ? times.ratio(ofBatch(base, most).id, base.id, one) : undefined
    if (ratio) told.push(`a batch of ${most} takes ${ratioText(ratio.ratio)} times as long as one picture`)
    return told.length === 0 ? [] : [`${base.title}, ${one.title}: ${told.join('; ')}.`]
  })
}

function plotOf(times: Times, base: StudyNetwork): BarPlot {
  return {
    kind: 'bars',
    title: base.title,
    value: 'milliseconds',
    series: times.series.map(({ title }) => title),
    groups: sizes.flatMap((size) => {
      const values = times.series.map((one) => times.of(atSize(base, size).id, one)?.ms ?? null)
      return values.some((value) => value !== null) ? [{ label: `${size} px`, values }] : []
    }),
  }
}
