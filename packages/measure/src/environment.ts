import type { Machine, Report } from './result.ts'

interface NavigatorHints {
  readonly hardwareConcurrency?: number
  readonly userAgent?: string
  readonly platform?: string
  /** Chromium: GiB, rounded and capped for privacy. */
  readonly deviceMemory?: number
  readonly userAgentData?: {
    readonly platform: string
    readonly brands: readonly { readonly brand: string; readonly version: string }[]
  }
}

/**
 * What a report says of where it was made, as far as this page or process can tell: browsers name no processor, and round the memory
 * down. `before` are the load averages from before the measurement, where the system has them (Node, not on Windows).
 */
export function describeEnvironment(before?: readonly number[]): Pick<Report, 'machine' | 'versions'> {
  const isPage = typeof document === 'object'
  const os = isPage ? undefined : globalThis.process?.getBuiltinModule?.('node:os')
  return os ? describeNode(os, before) : describeBrowser(globalThis.navigator)
}

/** The load averages now; undefined where they are not known. */
export function loadNow(): readonly number[] | undefined {
  if (typeof document === 'object') return undefined
  const os = globalThis.process?.getBuiltinModule?.('node:os')
  return os && os.platform() !== 'win32' ? os.loadavg() : undefined
}

function describeNode(
  os: typeof import('node:os'),
  before: readonly number[] | undefined,
): Pick<Report, 'machine' | 'versions'> {
  const after = loadNow()
  const machine: Machine = {
    cpu: os.cpus()[0]?.model.trim() || 'unknown',
    cores: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    platform: `${os.platform()} ${os.arch()}`,
    ...(before && after && { load: { before, after } }),
  }
  return { machine, versions: { node: process.versions.node, v8: process.versions.v8 } }
}

function describeBrowser(hints: NavigatorHints = {}): Pick<Report, 'machine' | 'versions'> {
  return {
    machine: {
      cpu: 'browsers do not tell',
      cores: hints.hardwareConcurrency ?? 1,
      memoryBytes: (hints.deviceMemory ?? 0) * 2 ** 30,
      platform: hints.userAgentData?.platform || hints.platform || 'unknown',
    },
    versions: { browser: browserName(hints), ...(hints.userAgent && { userAgent: hints.userAgent }) },
  }
}

function browserName({ userAgent = '', userAgentData }: NavigatorHints): string {
  const brand = userAgentData?.brands.find(({ brand }) => !/not.?a.?brand/i.test(brand))
  if (brand) return `${brand.brand} ${brand.version}`
  return /(?:Firefox|Version|Chrome)\/[\d.]+/.exec(userAgent)?.[0]?.replace('/', ' ') ?? 'unknown'
}
