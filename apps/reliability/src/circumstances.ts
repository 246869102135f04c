import { loadavg } from 'node:os'
import { describeEnvironment, type Report } from '@mobileone/measure'
import { installedVersion } from './paths.ts'

/** When, where and with what something was found out. */
export interface Circumstances {
  /** ISO 8601. */
  readonly date: string
  readonly machine: Report['machine']
  readonly versions: Readonly<Record<string, string>>
}

/** Circumstances of now: call what this returns when the work is done. */
export function watchCircumstances(
  packages: readonly string[],
): (more?: { readonly [name: string]: string }) => Circumstances {
  const date = new Date().toISOString()
  const before = loadavg()
  return (more = {}) => {
    const { machine, versions } = describeEnvironment(before)
    return {
      date,
      machine,
      versions: {
        ...(versions.node && { node: versions.node }),
        ...Object.fromEntries(packages.map((name) => [name, installedVersion(name)])),
        ...more,
      },
    }
  }
}

/** Circumstances as a paragraph. */
export function circumstancesText({ date, machine, versions }: Circumstances): string {
  const { cpu, cores, platform, memoryBytes, load } = machine
  const before = load?.before[0]?.toFixed(1)
  const after = load?.after[0]?.toFixed(1)
  return [
    `${date.slice(0, 16).replace('T', ' ')} UTC, ${cpu}, ${cores} cores, ${(memoryBytes / 2 ** 30).toFixed(0)} GiB, ${platform}`,
    `${load ? `, load ${before} before and ${after} after` : ''}. `,
    `${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
  ].join('')
}
