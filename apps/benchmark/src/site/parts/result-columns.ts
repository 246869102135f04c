/** The columns of a table of results, in groups that each fit a phone, with what they mean. */
import type { Protocol, Report, Result } from '@mobileone/measure'
import { bytes } from '@mobileone/site-kit/format'

export interface ResultColumn {
  readonly title: string
  readonly about: string
  cell(result: Result, report: Report): string
}

export interface ColumnGroup {
  readonly title: string
  readonly columns: readonly ResultColumn[]
}

const headlines: Readonly<Record<Protocol['headline'], readonly [title: string, about: string]>> = {
  medianMs: [
    'Median',
    'Milliseconds of one run, from an input in memory to its result in memory: half of the runs took less.',
  ],
  meanMs: [
    'Mean',
    'Milliseconds of one run, from an input in memory to its result in memory: the mean of the rounds’ means, without the runs left out.',
  ],
  minMs: ['Shortest', 'Milliseconds of the fastest run, from an input in memory to its result in memory.'],
}

/** Milliseconds with three digits that count. */
export function msText(ms: number | null): string {
  if (ms === null) return '-'
  return ms >= 100 ? ms.toFixed(0) : ms.toFixed(ms < 10 ? 2 : 1)
}

/** The time over that of the fastest on the same network. */
function behind(result: Result, { results, protocol: { headline } }: Report): number | undefined {
  const times = results.flatMap((one) =>
    one.variant === result.variant && one.runtime === result.runtime ? (one[headline] ?? []) : [],
  )
  const own = result[headline]
  return own === null || times.length === 0 ? undefined : own / Math.min(...times)
}

/** What there is to say of the results of `report`. */
export function columnGroups({ protocol, results, peaks }: Report): readonly ColumnGroup[] {
  const [title, about] = headlines[protocol.headline]
  const onGpu = results.some(({ gpu }) => gpu)
  return [
    {
      title: 'Speed',
      columns: [
        { title, about, cell: (result) => msText(result[protocol.headline]) },
        {
          title: 'p95',
          about: 'Milliseconds: 95 of 100 runs took less. Far above the median, runs were disturbed.',
          cell: ({ p95Ms }) => msText(p95Ms),
        },
        {
          title: '× best',
          about: 'The time over that of the fastest on this network: 2.00 takes twice as long.',
          cell: (result, report) => behind(result, report)?.toFixed(2) ?? '-',
        },
      ],
    },
    {
      title: 'Start',
      columns: [
        {
          title: 'Load',
          about: 'Milliseconds to start the runtime, its files being there.',
          cell: ({ loadMs }) => msText(loadMs),
        },
        {
          title: 'Compile',
          about: 'Milliseconds to make the network ready to run, from its bytes in memory.',
          cell: ({ compileMs }) => msText(compileMs),
        },
        { title: 'First', about: 'Milliseconds of the first run.', cell: ({ firstMs }) => msText(firstMs) },
        {
          title: 'Total',
          about: 'Load, compile and first run together: what a visitor waits for, fetching aside.',
          cell: ({ startMs }) => msText(startMs),
        },
      ],
    },
    {
      title: 'Cost',
      columns: [
        {
          title: 'Memory',
          about: 'The most that it has held in WebAssembly’s memories, and in buffers of the GPU.',
          cell: ({ memoryBytes }) => (memoryBytes === null ? '-' : bytes(memoryBytes)),
        },
        {
          title: 'Code',
          about: 'Bytes of its own files, uncompressed; weights are not counted.',
          cell: ({ wireBytes }) => (wireBytes === null ? '-' : bytes(wireBytes)),
        },
        {
          title: 'Error',
          about: 'The largest difference from the reference’s result, over the largest value of that.',
          cell: ({ maxRelError }) => maxRelError.toExponential(0),
        },
      ],
    },
    {
      title: 'Work',
      columns: [
        {
          title: 'GFLOP/s',
          about: 'Billions of operations on numbers in a second: two for each multiply-add of the network.',
          cell: ({ gflops }) => gflops?.toFixed(1) ?? '-',
        },
        ...(peaks.length > 0
          ? [
              {
                title: '% peak',
                about:
                  'Share of the multiply-adds that WebAssembly can do here on as many threads, measured in between. It is not for the GPU.',
                cell: ({ peakShare, gpu }: Result): string =>
                  peakShare === null || gpu ? '-' : (100 * peakShare).toFixed(0),
              },
            ]
          : []),
        ...(onGpu
          ? [
              {
                title: 'Dispatches',
                about: 'Programs that one run starts on the GPU.',
                cell: ({ gpu }: Result): string => (gpu ? gpu.dispatches.toFixed(0) : '-'),
              },
            ]
          : []),
      ],
    },
  ]
}
