/** What is chosen on the page of runs, and what it comes to. No part of it needs a browser. */
import { type Protocol, protocol, protocolNames } from '@mobileone/measure'
import { type Entry, gpuLineup, halfLineup, int8Lineup, lineup } from '../../../lineup.ts'
import type { LaneRequest } from '../../measure/frames.ts'
import { catalogue } from '../../networks/catalogue.ts'
import type { DeviceFacts } from '../../state/device.ts'
import { listOf, oneOf, optionalWhole, type ValuesOf, whole, wholeList } from '../../state/query.ts'

/** Everyone who can be measured in a browser. */
export const cpuEntries: readonly Entry[] = lineup.filter(({ runtimes }) => runtimes.includes('chromium'))
export const gpuEntries: readonly Entry[] = gpuLineup

export const precisions = ['float32', 'float16', 'int8'] as const
export type PrecisionId = (typeof precisions)[number]

const contenders = [...cpuEntries, ...gpuEntries].map(({ name }) => name)

/** How each choice stands in the address. */
export const runParameters = {
  networks: listOf<string>([...catalogue.keys(), 'own'], ['s0']),
  contenders: listOf<string>(
    contenders,
    cpuEntries.map(({ name }) => name),
  ),
  threads: wholeList(1, 64, [1]),
  precision: listOf(precisions, ['float32']),
  size: optionalWhole(32, 1024),
  batch: whole(1, 64, 1),
  protocol: oneOf(protocolNames, 'default'),
  rounds: optionalWhole(1, 10_000),
  runs: optionalWhole(1, 10_000),
  trim: optionalWhole(0, 1000),
  starts: whole(1, 20, 1),
} as const

export type RunChoice = ValuesOf<typeof runParameters>

/** Rounds of the protocol of this project, where nobody says otherwise: quick. */
const quickRounds = 12

/** The protocol with the visitor's numbers. `runs` are those of a turn; of the project's protocol, whose turns have one, rounds count. */
export function protocolOf({ protocol: name, rounds, runs, trim, starts }: RunChoice): Protocol {
  switch (name) {
    case 'default':
      return {
        ...protocol(name, { rounds: rounds ?? quickRounds, starts }),
        runsPerTurn: runs ?? 1,
        trim: trim ?? 0,
      }
    case 'modelbench':
      return protocol(name, { rounds, runs, trim, starts })
    case 'paper': {
      const turns = rounds ?? 100
      return { ...protocol(name, { rounds: turns, runs: turns * (runs ?? 10), starts }), trim: trim ?? 0 }
    }
    default:
      return name satisfies never
  }
}

export interface Preset {
  readonly name: string
  readonly title: string
  /** What it is, in a line. */
  readonly about: string
  readonly changes: Partial<RunChoice>
}

const ownNumbers = { rounds: undefined, runs: undefined, trim: undefined, starts: 1 } as const

/** Presets of how is measured; what is measured stays as it is, but for the input, which those of others prescribe. */
export const presets: readonly Preset[] = [
  {
    name: 'quick',
    title: 'Quick',
    about: '12 runs of each, in turns; the median counts.',
    changes: { protocol: 'default', ...ownNumbers },
  },
  {
    name: 'thorough',
    title: 'Thorough',
    about: '50 runs of each, in turns, and 3 fresh starts; the median counts.',
    changes: { protocol: 'default', ...ownNumbers, rounds: 50, starts: 3 },
  },
  {
    name: 'paper',
    title: 'The paper’s',
    about: 'One picture of 224 pixels, 1000 runs; the shortest counts.',
    changes: { protocol: 'paper', ...ownNumbers, size: 224, batch: 1 },
  },
  {
    name: 'modelbench',
    title: 'ModelBench’s',
    about:
      'As Apple’s app: 20 rounds of 50 runs, the model made anew in each, the 10 fastest and 10 slowest of a round left out; the mean counts.',
    changes: { protocol: 'modelbench', ...ownNumbers, size: 224, batch: 1 },
  },
]

/** The preset that a choice is, if it is one. */
export function presetOf(choice: RunChoice): Preset | undefined {
  return presets.find(({ changes }) =>
    Object.entries(changes).every(([name, value]) => choice[name as keyof RunChoice] === value),
  )
}

/** Who is measured, on how many threads, in which precision; with the reason where that cannot be here. */
export function lanesOf(choice: RunChoice, device: DeviceFacts): LaneRequest[] {
  const isChosen = ({ name }: Entry): boolean => choice.contenders.includes(name)
  const inFloat32 = choice.precision.includes('float32')
  const onThreads = (entry: Entry): LaneRequest[] =>
    choice.threads.map((threads) => ({
      entry,
      threads,
      refusal: threads > device.threads ? fewThreads(device.threads) : undefined,
    }))
  const cpu = cpuEntries.filter(isChosen).flatMap((entry) => {
    const int8 = int8Lineup.find(({ name }) => name === `${entry.name}-int8`)
    return [
      ...(inFloat32 ? onThreads(entry) : []),
      ...(int8 && choice.precision.includes('int8') ? onThreads(int8) : []),
    ]
  })
  const gpu = gpuEntries.filter(isChosen).flatMap((entry) => {
    const half = halfLineup.find(({ name }) => name === `${entry.name}-f16`)
    return [
      ...(inFloat32 ? [{ entry, threads: 1, refusal: device.noGpu }] : []),
      ...(half && choice.precision.includes('float16')
        ? [{ entry: half, threads: 1, refusal: device.noGpu ?? device.noHalf }]
        : []),
    ]
  })
  return [...cpu, ...gpu]
}

function fewThreads(threads: number): string {
  return threads === 1 ? 'this page gets one thread here' : `this device has ${threads} cores`
}

/** What there is of the visitor's own network. */
export type OwnFileState = 'absent' | 'reading' | 'refused' | 'ready'

/** Why nothing can be started with this choice; undefined where it can. */
export function refusalOf(
  choice: RunChoice,
  lanes: readonly LaneRequest[],
  ownFile: OwnFileState,
): string | undefined {
  if (lanes.length === 0)
    return choice.precision.includes('float32')
      ? 'Choose at least one contender.'
      : 'Nobody that is chosen computes in this precision: MobileOne does in float16 on WebGPU, MobileOne and ONNX Runtime Web in int8 on the processor.'
  if (lanes.every(({ refusal }) => refusal !== undefined)) return 'Nothing that is chosen runs here.'
  if (choice.networks.length === 0) return 'Choose at least one network.'
  return choice.networks.includes('own') ? ownRefusals[ownFile] : undefined
}

const ownRefusals: Readonly<Record<OwnFileState, string | undefined>> = {
  absent: 'Choose the file of your network.',
  reading: 'Your network is being read.',
  refused: 'Your network cannot be measured: leave it out, or choose another file.',
  ready: undefined,
}
