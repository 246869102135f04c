import type { Machine, Peak } from '@mobileone/measure'
import { byId, element } from './dom.ts'

interface NavigatorHints {
  /** Chromium: GiB, rounded and capped for privacy. */
  readonly deviceMemory?: number
  readonly userAgentData?: {
    readonly platform: string
    readonly brands: readonly { brand: string; version: string }[]
  }
}

const hints = navigator as Navigator & NavigatorHints

export function browserName(): string {
  const brand = hints.userAgentData?.brands.find(({ brand }) => !/not.?a.?brand/i.test(brand))
  if (brand) return `${brand.brand} ${brand.version}`
  return /(?:Firefox|Version|Chrome)\/[\d.]+/.exec(navigator.userAgent)?.[0]?.replace('/', ' ') ?? 'unknown'
}

/** As far as a browser tells. */
export function describeDevice(): Machine {
  return {
    cpu: 'browsers do not tell',
    cores: navigator.hardwareConcurrency,
    memoryBytes: (hints.deviceMemory ?? 0) * 2 ** 30,
    platform: hints.userAgentData?.platform || navigator.platform,
  }
}

export function showEnvironment(peaks: readonly Peak[]): void {
  const machine = describeDevice()
  const rows: [string, string][] = [
    ['Browser', browserName()],
    ['Platform', machine.platform],
    ['Logical cores', String(machine.cores)],
    [
      'Memory',
      machine.memoryBytes > 0 ? `${machine.memoryBytes / 2 ** 30} GiB or more` : 'browsers do not all tell',
    ],
    [
      'Cross-origin isolated',
      crossOriginIsolated ? 'yes: threads, fine clock' : 'no: one thread, coarse clock',
    ],
    ...peaks.map(({ threads, gflops, instruction }): [string, string] => [
      `Peak, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
      `${gflops.toFixed(1)} GFLOP/s (${instruction})`,
    ]),
  ]
  byId('environment').replaceChildren(
    element('h2', {}, 'Environment'),
    element(
      'dl',
      {},
      ...rows.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value))),
    ),
  )
}
