import { describe, expect, it } from 'vitest'
import { parseReport, protocol, type Report, reportJson } from '../../src/index.ts'
import {
  networkNamed,
  networksOfStudies,
  paperRow,
  paperSet,
  type StudyName,
  type StudyNetwork,
  type StudyTable,
  studies,
  studyMarkdown,
  studyNamed,
  studyNames,
  studyText,
} from '../../src/studies/index.ts'
import { profileOf } from '../../src/studies/profile-of.ts'
import { studyReport } from './make-study-report.ts'

/** Each network takes a millisecond and as many nanoseconds as it has thousands of multiply-adds; the rival twice that. */
const byMacs = (network: StudyNetwork, contender: string): number =>
  (1 + profileOf(network).macs / 1e7) * (contender === 'ort-wasm' ? 2 : 1)

const report = studyReport(networksOfStudies(studyNames), byMacs)

const cell = (table: StudyTable | undefined, row: string, column: string, nth = 0): string | undefined => {
  const places = table?.columns.flatMap(({ title }, index) => (title === column ? [index] : [])) ?? []
  return table?.rows.find(({ id, cells }) => id === row || cells[0] === row)?.cells[places[nth] ?? -1]
}

describe.each(studyNames)('%s', (name) => {
  const study = studies[name]
  const found = study.read(report)
  it('says what the paper says in two sentences, and explains every column', () => {
    expect(study.paper.match(/[.](?= |$)/g)?.length).toBeLessThanOrEqual(3)
    for (const table of found.tables) {
      for (const { title, about } of table.columns) {
        expect(title).not.toBe('')
        expect(about).toMatch(/.{10}[.]$/s)
      }
      for (const { cells } of table.rows) expect(cells).toHaveLength(table.columns.length)
    }
  })
  it('has fewer networks when it is quick, all of them among its own', () => {
    const all = study.networks().map(({ id }) => id)
    const quick = study.networks({ quick: true }).map(({ id }) => id)
    expect(new Set(all).size).toBe(all.length)
    expect(all).toEqual(expect.arrayContaining(quick))
    if (all.length > 0) expect(quick.length).toBeLessThan(all.length)
  })
  it('reads nothing off an empty report, and says what is missing', () => {
    const empty = study.read({ ...report, results: [] })
    expect(empty).toMatchObject({ tables: [], findings: [], plots: [] })
    if (study.networks().length > 0) expect(empty.gaps[0]).toMatch(/^Not measured: /)
  })
  it('comes out the same from the JSON document', () => {
    expect(study.read(parseReport(reportJson(report)))).toEqual(found)
  })
  it('is a text and Markdown', () => {
    expect(studyText(study, report)).toContain(study.question)
    const markdown = studyMarkdown(study, report)
    for (const { title } of found.tables) expect(markdown).toContain(title)
  })
})

describe('what studies read', () => {
  const read = (name: StudyName, given: Report = report) => studies[name].read(given)

  it('zoo: the front by the paper’s accuracies and by those of today’s weights', () => {
    const { tables, findings, plots } = read('zoo')
    const [table] = tables
    expect(cell(table, 's0', 'top-1, paper, %')).toBe('71.4')
    expect(cell(table, 's0', 'paper, iPhone 12, ms')).toBe('0.79')
    expect(cell(table, 'resnet18', 'top-1, paper, %')).toBe('69.8')
    expect(cell(table, 'mobilenetv1_100', 'top-1, weights, %')).toBe('75.4')
    expect(cell(table, 'fbnetc_100', 'top-1, paper, %')).toBe('')
    // By multiply-adds alone, MobileNetV3-Large beats every MobileOne up to S1 and EfficientNet-B0 the others but S3 and S4.
    expect(cell(table, 'mobilenetv3_large_100', 'front')).toContain('P')
    expect(cell(table, 's0', 'front')).toBe('')
    expect(findings[0]).toMatch(/^MobileOne wasm, by the paper's accuracies/)
    expect(findings[0]).toMatch(
      /MobileOne-S0 is beaten by ShuffleNetV2|MobileOne-S0 is beaten by MobileNetV3-Large/,
    )
    expect(plots).toHaveLength(4)
    const order = table?.rows.map(({ id }) => id) ?? []
    expect(order.indexOf('tinynet_e')).toBeLessThan(order.indexOf('repvgg_b1'))
  })

  it('predictors: rho of both sets beside the paper’s', () => {
    const { tables, findings } = read('predictors')
    expect(tables[0]?.title).toMatch(/^The paper's set: \d+ of its 21 networks$/)
    expect(cell(tables[0], 'FLOPs', 'MobileOne wasm, rho (p)')).toBe('1.00 (< 0.001)')
    expect(cell(tables[0], 'FLOPs', 'iPhone 12, Table 1')).toBe('0.47 (0.03)')
    expect(cell(tables[1], 'parameters', 'MobileOne wasm, rho (p)')).toMatch(/^0\.\d\d \(/)
    expect(findings[0]).toMatch(/FLOPs tell the most/)
  })

  it('branches: every k over the folded network, with memory and the paper’s accuracy', () => {
    const ms = ({ id }: StudyNetwork): number => 10 * (1 + Number(/k(\d)/.exec(id)?.[1] ?? 0))
    const [s0] = read('branches', studyReport(studies.branches.networks(), ms)).tables
    expect(cell(s0, 'folded', '× folded')).toBe('1.00')
    expect(cell(s0, 'k = 4', '× folded')).toBe('5.00')
    expect(cell(s0, 'k = 4', 'params, M')).toBe('5.3')
    expect(cell(s0, 'folded', 'params, M')).toBe('2.1')
    expect(cell(s0, 'k = 4', 'paper, top-1, %')).toBe('71.4')
    expect(cell(s0, 'k = 4', 'memory')).toBe('5.0 MB')
  })

  it('resolution: time and multiply-adds over those at 224 pixels, and a picture of a batch', () => {
    const { tables, findings } = read('resolution')
    const [sizes, batches] = tables
    expect(cell(sizes, '224', 'MACs, M')).toBe('275')
    expect(Number(cell(sizes, '128', 'MACs × 224'))).toBeCloseTo((128 / 224) ** 2, 1)
    expect(cell(sizes, '224', 'paper, iPhone 12, ms')).toBe('0.79')
    expect(cell(sizes, '128', 'paper, iPhone 12, ms')).toBe('')
    expect(Number(cell(batches, '4', 'ms a picture'))).toBeCloseTo(27.7, 0)
    expect(findings[0]).toMatch(/^MobileOne-S0, MobileOne wasm: from 128 to 256 pixels/)
  })

  it('names what was lost in the middle and keeps its figures', () => {
    const networks = studies.branches.networks({ quick: true })
    const whole = studyReport(networks, () => 10)
    const lost: Report = {
      ...whole,
      results: whole.results.map((result) =>
        result.variant === 's0-k1-train' && result.contender === 'ort-wasm'
          ? { ...result, incomplete: 'the page crashed, after 3 of 6 runs' }
          : result,
      ),
      skipped: [
        {
          contender: 'ort-wasm',
          variant: 's0-k4-train',
          runtime: 'chromium',
          threads: 1,
          reason: 'out of memory',
        },
      ],
    }
    const { gaps, tables } = read('branches', lost)
    expect(cell(tables[0], 'k = 1', 'ONNX Runtime Web, ms')).toBe('10.0')
    expect(gaps).toContain(
      'MobileOne-S0, k = 1, with its branches: ONNX Runtime Web did not finish: the page crashed, after 3 of 6 runs.',
    )
    expect(gaps).toContain(
      'MobileOne-S0, k = 4, with its branches: ONNX Runtime Web did not run it: out of memory.',
    )
  })

  it('takes ratios of the figure that the protocol counts', () => {
    const networks = studies.branches.networks({ quick: true })
    const least = {
      ...studyReport(networks, ({ id }) => (id === 's0' ? 10 : 40)),
      protocol: protocol('paper'),
    }
    const { findings, tables } = read('branches', least)
    expect(cell(tables[0], 'folded', 'MobileOne wasm, ms')).toBe('9.90')
    expect(findings[0]).toBe(
      'MobileOne-S0, MobileOne wasm, with its branches over folded: k = 1: 4.00; k = 4: 4.00.',
    )
  })

  it('shares what was measured of a network among studies', () => {
    const ids = networksOfStudies(studyNames).map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(networksOfStudies(['zoo', 'predictors'])).toHaveLength(studies.zoo.networks().length)
  })

  it('knows its names', () => {
    for (const network of networksOfStudies(studyNames)) expect(networkNamed(network.id)).toBe(network)
    expect(networkNamed('s0@160x2')?.graph().inputs.image?.shape).toEqual([2, 3, 160, 160])
    expect(networkNamed('s9')).toBeUndefined()
    expect(studyNamed('zoo').title).toBe('Zoo')
    expect(() => studyNamed('toString')).toThrow(/no study "toString"; there are activations, /)
    expect(paperRow('s0')).toMatchObject({ top1: 71.4, flops: 275 })
    expect(paperSet).not.toContain('mobilenetv2_100')
  })
})
